#include <stdio.h>
#include <string.h>

#include "driver.h"
#include "frame.h"
#include "message.h"
#include "replay.h"
#include "shapes_up.h"

static struct anmen_identity who;
static struct anmen_boot_keys keys;
static struct anmen_frame_key down;
static struct anmen_holder holder;
static struct anmen_replay up_window;
static struct anmen_replay will_window;
static uint8_t bytes[140000];

void do_keys(struct words *words)
{
    uint8_t ephemeral[32];
    uint8_t point[65];

    strncpy(who.lock_id, words_text(words), ANMEN_LOCK_ID);
    who.key_epoch = words_number(words);
    words_exactly(words, who.own_private, 32);
    words_exactly(words, who.service_public, 65);
    words_exactly(words, ephemeral, 32);
    words_exactly(words, point, 65);
    holder.generation = words_number(words);
    words_exactly(words, holder.nonce, 16);
    up_window = will_window = (struct anmen_replay){0};
    if (!anmen_boot_keys_make(&keys, &who, ephemeral, point) || !anmen_down_key(&down, &keys, &who, &holder)) {
        printf("failed");
        return;
    }
    print_bytes(keys.session, sizeof keys.session);
    print_bytes(keys.secret, sizeof keys.secret);
    print_bytes(keys.up.key, 16);
    print_bytes(keys.up.iv, 12);
    print_bytes(keys.will.key, 16);
    print_bytes(keys.will.iv, 12);
    print_bytes(down.key, 16);
    print_bytes(down.iv, 12);
    print_bytes(keys.credential_key, 32);
    printf("%u", anmen_shard(who.lock_id));
}

static const struct anmen_frame_key *key_for(enum anmen_kind kind)
{
    return kind == ANMEN_DOWN ? &down : kind == ANMEN_WILL ? &keys.will : &keys.up;
}

void do_seal(struct words *words)
{
    struct anmen_header header = {.kind = (enum anmen_kind)words_number(words), .holder = holder};

    header.counter = words_number(words);
    memcpy(header.session, keys.session, sizeof header.session);
    memcpy(header.ephemeral, keys.ephemeral_public, sizeof header.ephemeral);
    size_t used = words_bytes(words, bytes + ANMEN_HEAD_ROOM, ANMEN_PLAIN_MAX);
    size_t length = anmen_frame_seal(bytes, sizeof bytes, used, &header, key_for(header.kind), who.lock_id);
    print_bytes(bytes, length);
}

/* As the service hears the up topic, as far as the vectors go: one session, one window a key. */
static enum anmen_refusal hear(size_t length, bool from_lock, struct anmen_message *said)
{
    struct anmen_frame frame;
    enum anmen_refusal refused = anmen_frame_read(&frame, bytes, length);

    if (refused != ANMEN_TAKEN) {
        return refused;
    }
    if ((frame.header.kind == ANMEN_DOWN) == from_lock || memcmp(frame.header.session, keys.session, 8) != 0) {
        return ANMEN_UNKNOWN_SESSION;
    }
    struct anmen_replay *window = frame.header.kind == ANMEN_WILL ? &will_window : &up_window;
    refused = anmen_frame_open(&frame, key_for(frame.header.kind), who.lock_id);
    if (refused == ANMEN_TAKEN && from_lock && !anmen_replay_is_new(window, frame.header.counter)) {
        refused = ANMEN_REPLAYED;
    }
    if (refused == ANMEN_TAKEN) {
        refused = anmen_message_read(said, frame.text, frame.text_length, from_lock ? up_shapes : anmen_down_shapes, 7);
    }
    if (refused == ANMEN_TAKEN) {
        if (from_lock) {
            anmen_replay_take(window, frame.header.counter);
        }
        print_bytes(frame.text, frame.text_length);
    }
    return refused;
}

void do_up(struct words *words)
{
    struct anmen_message said;
    enum anmen_refusal refused = hear(words_bytes(words, bytes, sizeof bytes), true, &said);

    printf("%s", refusal_name(refused));
}

void do_down(struct words *words)
{
    struct anmen_message said;
    enum anmen_refusal refused = hear(words_bytes(words, bytes, sizeof bytes), false, &said);

    printf("%s", refusal_name(refused));
}

static void print_value(unsigned key, const struct anmen_value *value)
{
    printf(" %u=%llu:", key, (unsigned long long)value->number);
    print_bytes(value->bytes, value->bytes == NULL ? 0 : value->length);
}

void do_message(struct words *words)
{
    struct anmen_message said;
    bool up = strcmp(words_text(words), "up") == 0;
    size_t length = words_bytes(words, bytes, sizeof bytes);
    enum anmen_refusal refused = anmen_message_read(&said, bytes, length, up ? up_shapes : anmen_down_shapes, 7);

    printf("%s", refusal_name(refused));
    if (refused == ANMEN_TAKEN) {
        printf(" %u", said.tag);
        for (unsigned key = 0; !up && key < ANMEN_KEYS_MAX; key++) {
            if (said.value[key].there) {
                print_value(key, &said.value[key]);
            }
        }
    }
}

void do_cbor(struct words *words)
{
    size_t length = words_bytes(words, bytes, sizeof bytes);

    printf("%zu", cbor_check(bytes, length));
}

void do_replay(struct words *words)
{
    struct anmen_replay window = {0};

    while (words_left(words)) {
        uint64_t counter = words_number(words);
        bool is_new = anmen_replay_is_new(&window, counter);
        printf(is_new ? "1" : "0");
        if (is_new) {
            anmen_replay_take(&window, counter);
        }
    }
}
