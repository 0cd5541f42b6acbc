#include <stdio.h>

#include "driver.h"
#include "event.h"
#include "say.h"

static uint8_t out[20000];
static uint8_t in[20000];

static void print(const struct cbor_writer *to)
{
    print_bytes(to->at, to->full ? 0 : to->used);
}

/* event TYPE SEQUENCE BOOT AT QUALITY (FIELD VALUE)…; the digest as bytes. */
void do_event(struct words *words)
{
    struct anmen_event event = {.type = (enum anmen_event_type)words_number(words)};
    uint64_t sequence = words_number(words);
    uint8_t digest[ANMEN_DIGEST];

    event.boot = words_number(words);
    event.occurred_at = words_number(words);
    event.quality = (enum anmen_clock_quality)words_number(words);
    while (words_left(words)) {
        enum anmen_field field = (enum anmen_field)words_number(words);
        if (field == FIELD_DIGEST) {
            words_exactly(words, digest, sizeof digest);
            anmen_event_say_digest(&event, digest);
        } else {
            anmen_event_say(&event, field, words_number(words));
        }
    }
    print_bytes(out, anmen_event_write(out, &event, sequence));
}

void do_birth(struct words *words)
{
    struct cbor_writer to = cbor_into(out, sizeof out);
    struct anmen_birth birth = {0};
    uint8_t digest[ANMEN_DIGEST];

    birth.birth_number = words_number(words);
    birth.boot = words_number(words);
    birth.log_epoch = words_number(words);
    birth.next_sequence = words_number(words);
    birth.oldest_sequence = words_number(words);
    birth.list_version = words_number(words);
    words_exactly(words, digest, sizeof digest);
    birth.list_digest = digest;
    birth.hardware = words_utf8(words);
    birth.firmware = words_utf8(words);
    birth.clock = words_number(words);
    birth.clock_quality = words_number(words);
    birth.battery = words_number(words);
    birth.uptime_s = words_number(words);
    birth.faces = words_number(words) != 0;
    birth.list_entries = words_number(words);
    anmen_say_birth(&to, &birth);
    print(&to);
}

void do_proof(struct words *words)
{
    struct cbor_writer to = cbor_into(out, sizeof out);

    words_exactly(words, in, 16);
    anmen_say_proof(&to, in);
    print(&to);
}

void do_heartbeat(struct words *words)
{
    struct cbor_writer to = cbor_into(out, sizeof out);
    struct anmen_heartbeat heartbeat = {0};
    uint8_t digest[ANMEN_DIGEST];

    heartbeat.next_sequence = words_number(words);
    heartbeat.list_version = words_number(words);
    words_exactly(words, digest, sizeof digest);
    heartbeat.list_digest = digest;
    heartbeat.battery = words_number(words);
    heartbeat.uptime_s = words_number(words);
    heartbeat.clock = words_number(words);
    heartbeat.clock_quality = words_number(words);
    heartbeat.oldest_sequence = words_left(words) ? words_number(words) : 0;
    anmen_say_heartbeat(&to, &heartbeat);
    print(&to);
}

/* events EPOCH LIVE COUNT EVENT… */
void do_events(struct words *words)
{
    struct cbor_writer to = cbor_into(out, sizeof out);
    uint64_t epoch = words_number(words);
    bool live = words_number(words) != 0;

    anmen_say_events(&to, epoch, live, (size_t)words_number(words));
    while (words_left(words)) {
        cbor_raw(&to, in, words_bytes(words, in, sizeof in));
    }
    print(&to);
}

void do_time(struct words *words)
{
    struct cbor_writer to = cbor_into(out, sizeof out);

    words_exactly(words, in, 8);
    anmen_say_time_request(&to, in);
    print(&to);
}

void do_refused(struct words *words)
{
    struct cbor_writer to = cbor_into(out, sizeof out);
    uint64_t version = words_number(words);

    words_exactly(words, in, ANMEN_DIGEST);
    anmen_say_list_refused(&to, version, in, words_utf8(words));
    print(&to);
}

void do_will(struct words *words)
{
    struct cbor_writer to = cbor_into(out, sizeof out);

    anmen_say_will(&to, words_number(words));
    print(&to);
}
