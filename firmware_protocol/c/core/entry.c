#include "list.h"

#include <string.h>

#include "crypto_port.h"

static bool number(struct cbor_reader *in, uint64_t *out)
{
    struct cbor_item item;

    if (!cbor_next(in, &item) || item.major != CBOR_UINT || item.value > ANMEN_UINT62_MAX) {
        return false;
    }
    *out = item.value;
    return true;
}

static bool truth(struct cbor_reader *in, bool *out)
{
    struct cbor_item item;

    if (!cbor_next(in, &item) || item.major != CBOR_SIMPLE) {
        return false;
    }
    *out = item.value == CBOR_TRUE;
    return true;
}

static bool material(struct cbor_reader *in, struct anmen_entry *entry)
{
    struct cbor_item item;

    if (!cbor_next(in, &item) || item.major != CBOR_BYTES) {
        return false;
    }
    entry->usable = (entry->type == ENTRY_PIN || entry->type == ENTRY_CARD) && item.value == ANMEN_VERIFIER;
    if (entry->usable) {
        memcpy(entry->verifier, item.bytes, ANMEN_VERIFIER);
    }
    return true;
}

/* [0, days, from, to] or [1, starts at, ends at] (ANM-LST-022). */
static bool schedule(struct cbor_reader *in)
{
    struct cbor_item array;
    uint64_t value[4] = {0};

    if (!cbor_next(in, &array) || array.major != CBOR_ARRAY || array.value < 3 || array.value > 4) {
        return false;
    }
    for (uint64_t i = 0; i < array.value; i++) {
        if (!number(in, &value[i])) {
            return false;
        }
    }
    if (array.value == 4) {
        return value[0] == 0 && value[1] <= 127 && value[2] <= 1440 && value[3] <= 1440;
    }
    return value[0] == 1;
}

/* What a later version appended. This lock understands neither schedules nor one-time use, and says so in its birth; an
   entry that needs one of them all the same must not open at all times, and so never does (ANM-LST-023). */
static bool appended(struct cbor_reader *in, uint64_t count, struct anmen_entry *entry)
{
    struct cbor_item schedules;
    bool once = false;

    if (count == 8) {
        return true;
    }
    if (!cbor_next(in, &schedules) || schedules.major != CBOR_ARRAY || schedules.value > 16) {
        return false;
    }
    for (uint64_t i = 0; i < schedules.value; i++) {
        if (!schedule(in)) {
            return false;
        }
    }
    if (count > 9 && !truth(in, &once)) {
        return false;
    }
    entry->usable = entry->usable && schedules.value == 0 && !once;
    return true;
}

static bool hash_of(struct anmen_entry *entry, const uint8_t *at, size_t length)
{
    struct anmen_sha256 hash;

    if (!anmen_sha256_begin(&hash)) {
        return false;
    }
    bool added = anmen_sha256_add(&hash, at, length);
    return anmen_sha256_end(&hash, entry->hash) && added;
}

bool anmen_entry_read(struct anmen_entry *entry, const uint8_t *at, size_t length)
{
    struct cbor_reader in = {at, length};
    struct cbor_item array;
    uint64_t type;

    memset(entry, 0, sizeof *entry);
    if (length > ANMEN_ENTRY_MAX || cbor_check(at, length) != length || !cbor_next(&in, &array)
        || array.major != CBOR_ARRAY || array.value < 8 || !number(&in, &entry->credential_id) || !number(&in, &type)
        || (type != ENTRY_PIN && type != ENTRY_CARD && type != ENTRY_FACE && type != ENTRY_PASSAGE)) {
        return false;
    }
    entry->type = (uint32_t)type;
    return material(&in, entry) && number(&in, &entry->starts_at) && number(&in, &entry->ends_at)
           && number(&in, &entry->offline_lease_s) && truth(&in, &entry->duress) && truth(&in, &entry->visitor)
           && appended(&in, array.value, entry) && hash_of(entry, at, length);
}
