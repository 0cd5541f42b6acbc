/* Writing what a lock says: every up message of the core profile (anmen.cddl, `up-message`). */
#ifndef ANMEN_SAY_H
#define ANMEN_SAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cbor.h"
#include "limits.h"

struct anmen_birth {
    uint64_t birth_number;
    uint64_t boot;
    uint64_t log_epoch;
    uint64_t next_sequence;
    uint64_t oldest_sequence;
    uint64_t list_version;
    const uint8_t *list_digest;
    const char *hardware;
    const char *firmware;
    uint64_t clock;
    uint64_t clock_quality;
    uint64_t battery;
    uint64_t uptime_s;
    bool faces; /* capabilities */
    uint64_t list_entries;
};

struct anmen_heartbeat {
    uint64_t next_sequence;
    uint64_t list_version;
    const uint8_t *list_digest;
    uint64_t battery;
    uint64_t uptime_s;
    uint64_t clock;
    uint64_t clock_quality;
    uint64_t oldest_sequence; /* 0: not said */
};

void anmen_say_birth(struct cbor_writer *to, const struct anmen_birth *birth);
void anmen_say_proof(struct cbor_writer *to, const uint8_t challenge[16]);
void anmen_say_heartbeat(struct cbor_writer *to, const struct anmen_heartbeat *heartbeat);
/* The head only; `count` events as they were recorded follow. */
void anmen_say_events(struct cbor_writer *to, uint64_t log_epoch, bool live, size_t count);
void anmen_say_time_request(struct cbor_writer *to, const uint8_t nonce[8]);
void anmen_say_list_refused(struct cbor_writer *to, uint64_t version, const uint8_t digest[ANMEN_DIGEST],
                            const char *why);
void anmen_say_will(struct cbor_writer *to, uint64_t birth_number);

#endif
