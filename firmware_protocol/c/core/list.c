#include "list.h"

#include <string.h>

#include "crypto_port.h"

void anmen_list_clear(struct anmen_list *list)
{
    memset(list, 0, sizeof *list);
    (void)anmen_list_digest(list, NULL, list->digest);
}

static bool goes(const struct anmen_staging *change, uint64_t credential_id)
{
    if (change == NULL) {
        return false;
    }
    if (change->snapshot) {
        return true;
    }
    for (uint64_t i = 0; i < change->removes; i++) {
        if (change->remove[i] == credential_id) {
            return true;
        }
    }
    for (uint64_t i = 0; i < change->upserts; i++) {
        if (change->upsert[i].credential_id == credential_id) {
            return true;
        }
    }
    return false;
}

static bool add_entry(struct anmen_sha256 *hash, const struct anmen_entry *entry)
{
    uint8_t id[8];

    for (unsigned i = 0; i < 8; i++) {
        id[i] = (uint8_t)(entry->credential_id >> (56 - 8 * i));
    }
    return anmen_sha256_add(hash, id, sizeof id) && anmen_sha256_add(hash, entry->hash, ANMEN_DIGEST);
}

bool anmen_list_digest(const struct anmen_list *list, const struct anmen_staging *change, uint8_t digest[ANMEN_DIGEST])
{
    struct anmen_sha256 hash;
    uint64_t upserts = change == NULL ? 0 : change->upserts;
    uint64_t kept = 0;
    uint64_t added = 0;
    bool good = true;

    if (!anmen_sha256_begin(&hash)) {
        return false;
    }
    while (good && (kept < list->count || added < upserts)) {
        const struct anmen_entry *one = kept < list->count ? &list->entry[kept] : NULL;
        if (one != NULL && goes(change, one->credential_id)) {
            kept++;
        } else if (one != NULL
                   && (added == upserts || one->credential_id < change->upsert[added].credential_id)) {
            good = add_entry(&hash, one);
            kept++;
        } else {
            good = add_entry(&hash, &change->upsert[added]);
            added++;
        }
    }
    return anmen_sha256_end(&hash, digest) && good;
}

void anmen_list_apply(struct anmen_list *list, struct anmen_staging *staging)
{
    uint64_t kept = 0;

    for (uint64_t i = 0; i < list->count; i++) {
        if (!goes(staging, list->entry[i].credential_id)) {
            list->entry[kept++] = list->entry[i];
        }
    }
    list->count = kept;
    for (uint64_t i = 0; i < staging->upserts; i++) {
        uint64_t at = list->count;
        while (at > 0 && list->entry[at - 1].credential_id > staging->upsert[i].credential_id) {
            list->entry[at] = list->entry[at - 1];
            at--;
        }
        list->entry[at] = staging->upsert[i];
        list->count++;
    }
    for (uint64_t i = list->count; i < ANMEN_LIST_ENTRIES; i++) {
        memset(&list->entry[i], 0, sizeof list->entry[i]); /* no verifier stays behind */
    }
    list->version = staging->to;
    memcpy(list->digest, staging->digest, ANMEN_DIGEST);
    memset(staging, 0, sizeof *staging);
}
