#include "list.h"

#include <string.h>

static const struct {
    enum anmen_change change;
    const char *text;
} texts[] = {
    {CHANGE_OLD, "older than the list held"},
    {CHANGE_OTHER_BASE, "made for another version"},
    {CHANGE_BAD, "an entry is not as it should be"},
    {CHANGE_FULL, "more entries than fit"},
    {CHANGE_DIGEST, "does not end at its digest"},
};

const char *anmen_change_text(enum anmen_change change)
{
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i].change == change) {
            return texts[i].text;
        }
    }
    return "";
}

static bool belongs(const struct anmen_staging *staging, const struct anmen_message *part)
{
    return staging->begun && staging->from == part->value[1].number && staging->to == part->value[2].number
           && staging->snapshot == (part->value[3].number != 0) && staging->parts == part->value[5].number
           && memcmp(staging->digest, part->value[8].bytes, ANMEN_DIGEST) == 0;
}

static void begin(struct anmen_staging *staging, const struct anmen_message *part)
{
    memset(staging, 0, sizeof *staging);
    staging->begun = true;
    staging->from = part->value[1].number;
    staging->to = part->value[2].number;
    staging->snapshot = part->value[3].number != 0;
    staging->parts = part->value[5].number;
    memcpy(staging->digest, part->value[8].bytes, ANMEN_DIGEST);
}

static bool holds(const struct anmen_list *list, uint64_t credential_id)
{
    for (uint64_t i = 0; i < list->count; i++) {
        if (list->entry[i].credential_id == credential_id) {
            return true;
        }
    }
    return false;
}

static bool take_removes(struct anmen_staging *staging, const struct anmen_list *list, const struct anmen_value *value)
{
    struct cbor_reader in = {value->bytes, value->length};
    struct cbor_item id;

    for (uint64_t i = 0; i < value->number; i++) {
        if (!cbor_next(&in, &id)) {
            return false;
        }
        if (holds(list, id.value) && staging->removes < ANMEN_LIST_ENTRIES) {
            staging->remove[staging->removes++] = id.value;
        }
    }
    return true;
}

static bool put_upsert(struct anmen_staging *staging, const struct anmen_entry *entry)
{
    uint64_t at = staging->upserts;

    while (at > 0 && staging->upsert[at - 1].credential_id >= entry->credential_id) {
        at--;
    }
    if (at < staging->upserts && staging->upsert[at].credential_id == entry->credential_id) {
        return false;
    }
    if (staging->upserts == ANMEN_LIST_ENTRIES) {
        staging->full = true;
        return true;
    }
    memmove(&staging->upsert[at + 1], &staging->upsert[at],
            (size_t)(staging->upserts - at) * sizeof staging->upsert[0]);
    staging->upsert[at] = *entry;
    staging->upserts++;
    return true;
}

static bool take_upserts(struct anmen_staging *staging, const struct anmen_value *value)
{
    struct cbor_reader in = {value->bytes, value->length};
    struct cbor_item bytes;
    struct anmen_entry entry;

    for (uint64_t i = 0; i < value->number; i++) {
        if (!cbor_next(&in, &bytes) || !anmen_entry_read(&entry, bytes.bytes, (size_t)bytes.value)
            || !put_upsert(staging, &entry)) {
            return false;
        }
    }
    return true;
}

static bool fits(const struct anmen_staging *staging, const struct anmen_list *list)
{
    uint64_t after = staging->upserts;

    for (uint64_t i = 0; !staging->snapshot && i < list->count; i++) {
        bool leaves = false;
        for (uint64_t k = 0; k < staging->removes; k++) {
            leaves = leaves || staging->remove[k] == list->entry[i].credential_id;
        }
        for (uint64_t k = 0; k < staging->upserts; k++) {
            leaves = leaves || staging->upsert[k].credential_id == list->entry[i].credential_id;
        }
        after += leaves ? 0 : 1;
    }
    return !staging->full && after <= ANMEN_LIST_ENTRIES;
}

static enum anmen_change refuse(struct anmen_staging *staging, enum anmen_change why)
{
    memset(staging, 0, sizeof *staging);
    return why;
}

static enum anmen_change finish(struct anmen_staging *staging, const struct anmen_list *list)
{
    uint8_t digest[ANMEN_DIGEST];

    if (!fits(staging, list)) {
        return refuse(staging, CHANGE_FULL);
    }
    if (!anmen_list_digest(list, staging, digest) || memcmp(digest, staging->digest, ANMEN_DIGEST) != 0) {
        return refuse(staging, CHANGE_DIGEST);
    }
    return CHANGE_READY;
}

enum anmen_change anmen_staging_take(struct anmen_staging *staging, const struct anmen_list *list,
                                     const struct anmen_message *part)
{
    uint64_t number = part->value[4].number;
    bool snapshot = part->value[3].number != 0;

    if (part->value[5].number == 0 || part->value[5].number > ANMEN_PARTS_MAX || number >= part->value[5].number) {
        return CHANGE_PART;
    }
    if (part->value[2].number == list->version && memcmp(part->value[8].bytes, list->digest, ANMEN_DIGEST) == 0) {
        return CHANGE_HELD; /* said once more: neither refused nor recorded */
    }
    if (part->value[2].number < list->version || (!snapshot && part->value[2].number == list->version)) {
        return CHANGE_OLD;
    }
    if (!snapshot && part->value[1].number != list->version) {
        return CHANGE_OTHER_BASE;
    }
    if (!belongs(staging, part)) {
        begin(staging, part);
    }
    if ((staging->here[number / 8] >> (number % 8) & 1) != 0) {
        return CHANGE_WAITS;
    }
    if (!take_removes(staging, list, &part->value[6]) || !take_upserts(staging, &part->value[7])) {
        return refuse(staging, CHANGE_BAD);
    }
    staging->here[number / 8] = (uint8_t)(staging->here[number / 8] | 1u << (number % 8));
    staging->parts_here++;
    return staging->parts_here == staging->parts ? finish(staging, list) : CHANGE_WAITS;
}
