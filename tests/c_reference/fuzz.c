/* Mutated bytes into every reader of the core for so many seconds: `fuzz SECONDS SEED FLASH`. A line of hexadecimal
   a seed on standard input. The sanitizers judge; beside them, a damaged frame must never be taken by a running lock. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../firmware_protocol/c/ports/file_flash.h"
#include "crypto_port.h"
#include "lock.h"
#include "shapes_up.h"
#include "words.h"

#define SEEDS 400u
#define MOST 14000u

struct seed {
    size_t length;
    uint8_t bytes[2600];
};

static struct seed seeds[SEEDS];
static size_t seed_count;
static uint64_t state;

/* xorshift64*: the run can be repeated from its seed. */
static uint32_t chance(uint32_t below)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * 0x2545F4914F6CDD1Dull) >> 33) % below;
}

static size_t mutate(uint8_t *bytes, size_t length)
{
    static const uint8_t telling[] = {0x00, 0x01, 0x17, 0x18, 0x19, 0x1B, 0x3B, 0x40, 0x58, 0x5B, 0x7F, 0x80,
                                      0x82, 0x9B, 0x9F, 0xA0, 0xBB, 0xBF, 0xC0, 0xD8, 0xF4, 0xF6, 0xFB, 0xFF};

    for (uint32_t left = chance(6); left > 0; left--) {
        size_t at = length == 0 ? 0 : chance((uint32_t)length);
        uint32_t what = chance(5);
        if (what == 0 && length > 0) {
            bytes[at] = telling[chance(sizeof telling)];
        } else if (what == 1 && length > 0) {
            bytes[at] = (uint8_t)(bytes[at] ^ 1u << chance(8));
        } else if (what == 2) {
            length = at;
        } else if (what == 3 && length > 0 && length + 64 < MOST) {
            size_t step = 1 + chance(64);
            memmove(bytes + at + step, bytes + at, length - at);
            length += step;
        } else {
            const struct seed *other = &seeds[chance((uint32_t)seed_count)];
            size_t take = other->length < MOST - at ? other->length : MOST - at;
            memcpy(bytes + at, other->bytes, take);
            length = at + take > length ? at + take : length;
        }
    }
    return length;
}

/* A message in whole blocks, as it comes out of the seal. */
static size_t in_blocks(uint8_t *bytes, size_t length)
{
    size_t padded = (length + ANMEN_BLOCK - 1) / ANMEN_BLOCK * ANMEN_BLOCK;

    memset(bytes + length, 0, padded - length);
    return padded;
}

/* Sealed with the right key, so that what is damaged is the message: the lock must take it as it may, and stay whole. */
static void into_the_lock(struct anmen_lock *lock, uint8_t *bytes, size_t length, uint64_t now)
{
    static uint8_t frame[MOST + 4096];
    static uint8_t sent[ANMEN_SEND_MAX];
    static uint64_t counter;
    struct anmen_header header = {.kind = ANMEN_DOWN, .counter = counter++, .holder = {.generation = 1}};
    struct anmen_frame_key key;

    memcpy(header.session, lock->keys.session, sizeof header.session);
    memcpy(frame + ANMEN_HEAD_ROOM, bytes, length);
    if (!anmen_down_key(&key, &lock->keys, lock->who, &header.holder)) {
        abort();
    }
    size_t sealed = anmen_frame_seal(frame, sizeof frame, length, &header, &key, lock->who->lock_id);
    (void)anmen_lock_receive(lock, frame, sealed, now);
    while (anmen_lock_send(lock, sent, sizeof sent, now) != 0) {
    }
}

static void try_once(struct anmen_lock *lock, uint8_t *bytes, uint64_t now)
{
    const struct seed *seed = &seeds[chance((uint32_t)seed_count)];
    struct anmen_message said;
    struct anmen_entry entry;

    memcpy(bytes, seed->bytes, seed->length);
    size_t length = mutate(bytes, seed->length);
    (void)cbor_check(bytes, length);
    (void)anmen_entry_read(&entry, bytes, length);
    size_t padded = in_blocks(bytes, length);
    (void)anmen_message_read(&said, bytes, padded, anmen_down_shapes, 7);
    (void)anmen_message_read(&said, bytes, padded, up_shapes, 7);
    if (chance(8) == 0 && padded <= ANMEN_PLAIN_MAX) {
        into_the_lock(lock, bytes, padded == 0 ? ANMEN_BLOCK : padded, now);
    }
    if (anmen_lock_receive(lock, bytes, length, now) == ANMEN_TAKEN) {
        printf("a frame nobody sealed was taken\n");
        exit(1);
    }
}

static void read_seeds(void)
{
    static char line[6000];

    while (seed_count < SEEDS && fgets(line, sizeof line, stdin) != NULL) {
        struct words words = {line};
        line[strcspn(line, "\n")] = '\0';
        if (strlen(line) / 2 <= sizeof seeds[0].bytes) {
            seeds[seed_count].length = words_bytes(&words, seeds[seed_count].bytes, sizeof seeds[0].bytes);
            seed_count++;
        }
    }
}

int main(int count, char **given)
{
    static uint8_t bytes[MOST + 4096];
    static struct anmen_lock lock;
    struct anmen_identity who = {.lock_id = "L-0123456789AB", .key_epoch = 1};
    struct anmen_file_flash device = {.sync = false};
    struct anmen_flash flash;
    unsigned long long tries = 0;

    if (count != 4 || !anmen_p256_draw(who.own_private, who.service_public)
        || !anmen_file_flash_open(&flash, &device, given[3], 24) || !anmen_lock_start(&lock, &who, &flash, 0, 0)) {
        return 2;
    }
    read_seeds();
    state = strtoull(given[2], NULL, 10) | 1u;
    anmen_lock_connected(&lock, 0);
    for (time_t end = time(NULL) + strtol(given[1], NULL, 10); time(NULL) < end;) {
        for (unsigned i = 0; i < 200; i++) {
            try_once(&lock, bytes, ++tries * 7);
        }
    }
    printf("%llu inputs, list version %llu, next event %llu\n", tries, (unsigned long long)lock.list.version,
           (unsigned long long)lock.log.next);
    return 0;
}
