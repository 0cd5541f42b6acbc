/* The decision at the door, from what the lock holds (ANM-DOR-001 … 009). Pure: no flash, no link. */
#ifndef ANMEN_DOOR_H
#define ANMEN_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"
#include "list.h"

struct anmen_moment {
    bool clock_set;
    uint64_t unix_ms;
    uint64_t contact_ms;
    uint64_t floor_ms;  /* the latest time that was ever told: it is later than that, clock or no clock */
    bool within_unset;  /* still in the hours that are honoured without a clock */
};

struct anmen_verdict {
    bool opens;
    bool recognised;
    bool duress;
    uint64_t credential_id;
    enum anmen_refused reason;
};

/* Wrong tries of card, keypad and camera together. */
struct anmen_tries {
    uint64_t at[ANMEN_WRONG_TRIES];
    unsigned count;
    bool locked_out;
    uint64_t until;
};

/* One entry that was recognised: 0 when it opens, else why not. */
unsigned anmen_entry_refuses(const struct anmen_entry *entry, const struct anmen_moment *moment);
struct anmen_verdict anmen_decide(const struct anmen_list *list, enum anmen_entry_type type,
                                  const uint8_t verifier[ANMEN_VERIFIER], const struct anmen_moment *moment);

/* HMAC over the kind, a zero byte and what was typed or read; see docs/protocol/access-list.md. */
bool anmen_verifier(uint8_t verifier[ANMEN_VERIFIER], const uint8_t credential_key[32], enum anmen_entry_type type,
                    const char *said);
/* ANM-LST-004: half-width, upper case, no spaces. False when it does not fit into the room. */
bool anmen_normalise_number(char *out, size_t room, const char *number);

/* After a power cut nobody knows how long ago they were: they count as of now, a lock-out begins anew (ANM-DOR-013). */
void anmen_tries_restart(struct anmen_tries *tries, unsigned count, uint64_t now);
/* Lets go of what is too long ago to count. */
void anmen_tries_forget(struct anmen_tries *tries, uint64_t now);
bool anmen_tries_locked_out(struct anmen_tries *tries, uint64_t now);
/* True when this is the try that locks out. */
bool anmen_tries_wrong(struct anmen_tries *tries, uint64_t now);

#endif
