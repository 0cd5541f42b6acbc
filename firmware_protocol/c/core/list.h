/* The access list, its digest, and the parts of a change (ANM-LST-001 … 020). */
#ifndef ANMEN_LIST_H
#define ANMEN_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limits.h"
#include "message.h"

enum anmen_entry_type { ENTRY_PIN = 1, ENTRY_CARD = 2, ENTRY_FACE = 5, ENTRY_PASSAGE = 16 };

/* What is kept of an entry: its hash stands for its bytes in the digest. A lock without a camera keeps no template. */
struct anmen_entry {
    uint64_t credential_id;
    uint64_t starts_at;
    uint64_t ends_at;
    uint64_t offline_lease_s;
    uint8_t verifier[ANMEN_VERIFIER];
    uint8_t hash[ANMEN_DIGEST];
    uint32_t type;
    bool duress;
    bool visitor;
    bool usable; /* the material is one that this lock can compare */
    uint8_t room[1];
};

struct anmen_list {
    uint64_t version;
    uint8_t digest[ANMEN_DIGEST];
    uint64_t count;
    struct anmen_entry entry[ANMEN_LIST_ENTRIES]; /* by ascending credential id */
};

/* A change whose parts are still coming. */
struct anmen_staging {
    bool begun;
    bool snapshot;
    bool full; /* more than this lock can hold */
    uint64_t from;
    uint64_t to;
    uint64_t parts;
    uint64_t parts_here;
    uint8_t digest[ANMEN_DIGEST];
    uint8_t here[ANMEN_PARTS_MAX / 8];
    uint64_t removes;
    uint64_t remove[ANMEN_LIST_ENTRIES]; /* only those that the list holds */
    uint64_t upserts;
    struct anmen_entry upsert[ANMEN_LIST_ENTRIES];
};

enum anmen_change {
    CHANGE_WAITS,      /* for its other parts */
    CHANGE_READY,
    CHANGE_HELD,       /* by version and digest already */
    CHANGE_PART,       /* the part's number cannot be */
    CHANGE_OLD,        /* from here on: to be refused in words */
    CHANGE_OTHER_BASE,
    CHANGE_BAD,
    CHANGE_FULL,
    CHANGE_DIGEST
};

/* Reads one entry; false when it is not what the schema says. */
bool anmen_entry_read(struct anmen_entry *entry, const uint8_t *at, size_t length);

void anmen_list_clear(struct anmen_list *list);
/* The digest of the list with the change on it; of the list itself without one. */
bool anmen_list_digest(const struct anmen_list *list, const struct anmen_staging *change, uint8_t digest[ANMEN_DIGEST]);

/* Takes a part. READY says that all are there, that the list can hold the result and that it has its digest. */
enum anmen_change anmen_staging_take(struct anmen_staging *staging, const struct anmen_list *list,
                                     const struct anmen_message *part);
/* Applies a change that is READY. Cannot fail. */
void anmen_list_apply(struct anmen_list *list, struct anmen_staging *staging);
/* Why a change was refused, in words for the service. */
const char *anmen_change_text(enum anmen_change change);

#endif
