#include "say.h"

#include "message.h"

static void begin(struct cbor_writer *to, enum anmen_up tag, unsigned keys)
{
    cbor_head(to, CBOR_ARRAY, 2);
    cbor_uint(to, (uint64_t)tag);
    cbor_head(to, CBOR_MAP, keys);
}

static void number(struct cbor_writer *to, uint64_t key, uint64_t value)
{
    cbor_uint(to, key);
    cbor_uint(to, value);
}

static void bytes(struct cbor_writer *to, uint64_t key, const uint8_t *at, size_t length)
{
    cbor_uint(to, key);
    cbor_bytes(to, at, length);
}

static void text(struct cbor_writer *to, uint64_t key, const char *said)
{
    cbor_uint(to, key);
    cbor_text(to, said);
}

void anmen_say_birth(struct cbor_writer *to, const struct anmen_birth *birth)
{
    begin(to, UP_BIRTH, 14);
    number(to, 1, birth->birth_number);
    number(to, 2, birth->boot);
    number(to, 3, birth->log_epoch);
    number(to, 4, birth->next_sequence);
    number(to, 5, birth->oldest_sequence);
    number(to, 6, birth->list_version);
    bytes(to, 7, birth->list_digest, ANMEN_DIGEST);
    text(to, 8, birth->hardware);
    text(to, 9, birth->firmware);
    number(to, 10, birth->clock);
    number(to, 11, birth->clock_quality);
    number(to, 12, birth->battery);
    number(to, 13, birth->uptime_s);
    cbor_uint(to, 14);
    cbor_head(to, CBOR_MAP, 2);
    cbor_text(to, "faces"); /* shorter first: bytewise order of the encoded keys */
    cbor_truth(to, birth->faces);
    cbor_text(to, "list_entries");
    cbor_uint(to, birth->list_entries);
}

void anmen_say_proof(struct cbor_writer *to, const uint8_t challenge[16])
{
    begin(to, UP_PROOF, 1);
    bytes(to, 1, challenge, 16);
}

void anmen_say_heartbeat(struct cbor_writer *to, const struct anmen_heartbeat *heartbeat)
{
    begin(to, UP_HEARTBEAT, heartbeat->oldest_sequence == 0 ? 7 : 8);
    number(to, 1, heartbeat->next_sequence);
    number(to, 2, heartbeat->list_version);
    bytes(to, 3, heartbeat->list_digest, ANMEN_DIGEST);
    number(to, 4, heartbeat->battery);
    number(to, 5, heartbeat->uptime_s);
    number(to, 6, heartbeat->clock);
    number(to, 7, heartbeat->clock_quality);
    if (heartbeat->oldest_sequence != 0) {
        number(to, 8, heartbeat->oldest_sequence);
    }
}

void anmen_say_events(struct cbor_writer *to, uint64_t log_epoch, bool live, size_t count)
{
    begin(to, UP_EVENTS, 3);
    number(to, 1, log_epoch);
    cbor_uint(to, 2);
    cbor_truth(to, live);
    cbor_uint(to, 3);
    cbor_head(to, CBOR_ARRAY, count);
}

void anmen_say_time_request(struct cbor_writer *to, const uint8_t nonce[8])
{
    begin(to, UP_TIME_REQUEST, 1);
    bytes(to, 1, nonce, 8);
}

void anmen_say_list_refused(struct cbor_writer *to, uint64_t version, const uint8_t digest[ANMEN_DIGEST],
                            const char *why)
{
    begin(to, UP_LIST_REFUSED, 3);
    number(to, 1, version);
    bytes(to, 2, digest, ANMEN_DIGEST);
    text(to, 3, why);
}

void anmen_say_will(struct cbor_writer *to, uint64_t birth_number)
{
    begin(to, UP_WILL, 1);
    number(to, 1, birth_number);
}
