/* Messages: `[tag, {key: value}]`, checked against shapes that are data (anmen.cddl). */
#ifndef ANMEN_MESSAGE_H
#define ANMEN_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cbor.h"
#include "refusal.h"

enum anmen_up { UP_BIRTH = 1, UP_PROOF, UP_HEARTBEAT, UP_EVENTS, UP_TIME_REQUEST, UP_LIST_REFUSED, UP_WILL };
enum anmen_down {
    DOWN_CHALLENGE = 65,
    DOWN_WELCOME,
    DOWN_STORED,
    DOWN_MISSING,
    DOWN_LIST_PART,
    DOWN_TIME_ANSWER,
    DOWN_REBIRTH
};

enum anmen_shape {
    SHAPE_NUMBER,  /* uint63 */
    SHAPE_TRUTH,
    SHAPE_BYTES,   /* of exactly `size` */
    SHAPE_TEXT,
    SHAPE_NUMBERS, /* [0*64 uint63] */
    SHAPE_STRINGS, /* [0*64 bstr .size (0..512)] */
    SHAPE_OTHER    /* checked by `other` */
};

struct anmen_field_shape {
    uint8_t key;
    uint8_t shape;
    uint8_t size;
    bool optional;
    bool (*other)(const uint8_t *at, size_t length);
};

struct anmen_message_shape {
    uint8_t tag;
    uint8_t count;
    const struct anmen_field_shape *fields;
};

#define ANMEN_KEYS_MAX 15u

struct anmen_value {
    bool there;
    uint64_t number;      /* a number, a truth value, or how many an array holds */
    const uint8_t *bytes; /* a string's bytes; an array's items */
    size_t length;
};

/* Points into the padded message it was read from. */
struct anmen_message {
    unsigned tag;
    struct anmen_value value[ANMEN_KEYS_MAX];
};

/* ANM-CBR-003 … 006, ANM-FRM-017. */
enum anmen_refusal anmen_message_read(struct anmen_message *message, const uint8_t *plain, size_t length,
                                      const struct anmen_message_shape *shapes, size_t shape_count);

/* What a lock hears; for `anmen_message_read`. */
extern const struct anmen_message_shape anmen_down_shapes[7];

#endif
