/* What the service hears. A lock does not need it; the vectors of bytes that must be refused do. */
#include "shapes_up.h"

#include "limits.h"

static bool is_number(const struct cbor_item *item, uint64_t most)
{
    return item->major == CBOR_UINT && item->value <= most;
}

static bool good_field(struct cbor_reader *in)
{
    struct cbor_item item;

    if (!cbor_next(in, &item) || !is_number(&item, 65535) || !cbor_next(in, &item)) {
        return false;
    }
    return item.major != CBOR_ARRAY && item.major != CBOR_MAP
           && (item.major > CBOR_NINT || item.value <= ANMEN_UINT63_MAX);
}

static bool good_event(struct cbor_reader *in)
{
    static const uint64_t most[5] = {65535, ANMEN_UINT63_MAX, ANMEN_UINT63_MAX, ANMEN_UINT53_MAX, 255};
    struct cbor_item item;

    if (!cbor_next(in, &item) || item.major != CBOR_ARRAY || item.value != 6) {
        return false;
    }
    for (unsigned i = 0; i < 5; i++) {
        if (!cbor_next(in, &item) || !is_number(&item, most[i]) || (i == 1 && item.value == 0)) {
            return false;
        }
    }
    if (!cbor_next(in, &item) || item.major != CBOR_MAP || item.value > 64) {
        return false;
    }
    for (uint64_t i = item.value; i > 0; i--) {
        if (!good_field(in)) {
            return false;
        }
    }
    return true;
}

static bool good_events(const uint8_t *at, size_t length)
{
    struct cbor_reader in = {at, length};
    struct cbor_item item;

    if (!cbor_next(&in, &item) || item.major != CBOR_ARRAY || item.value < 1 || item.value > 32) {
        return false;
    }
    for (uint64_t i = item.value; i > 0; i--) {
        if (!good_event(&in)) {
            return false;
        }
    }
    return true;
}

static bool good_text(const struct cbor_item *item)
{
    bool good = item->major == CBOR_TEXT && item->value <= ANMEN_TEXT_MAX;

    for (uint64_t i = 0; good && i < item->value; i++) {
        good = item->bytes[i] != 0;
    }
    return good;
}

static bool good_capabilities(const uint8_t *at, size_t length)
{
    struct cbor_reader in = {at, length};
    struct cbor_item item;

    if (!cbor_next(&in, &item) || item.major != CBOR_MAP || item.value > 64) {
        return false;
    }
    for (uint64_t i = item.value; i > 0; i--) {
        if (!cbor_next(&in, &item) || !good_text(&item) || !cbor_next(&in, &item)) {
            return false;
        }
        if (!is_number(&item, ANMEN_UINT63_MAX) && item.major != CBOR_SIMPLE && !good_text(&item)) {
            return false;
        }
    }
    return true;
}

#define NUMBER(key) {key, SHAPE_NUMBER, 0, false, NULL}
#define MAY_NUMBER(key) {key, SHAPE_NUMBER, 0, true, NULL}
#define DIGEST(key) {key, SHAPE_BYTES, ANMEN_DIGEST, false, NULL}
#define TEXT(key) {key, SHAPE_TEXT, 0, false, NULL}

static const struct anmen_field_shape birth[] = {
    NUMBER(1), NUMBER(2), NUMBER(3), NUMBER(4),  NUMBER(5),      NUMBER(6),      DIGEST(7),
    TEXT(8),   TEXT(9),   NUMBER(10), MAY_NUMBER(11), MAY_NUMBER(12), MAY_NUMBER(13),
    {14, SHAPE_OTHER, 0, true, good_capabilities}};
static const struct anmen_field_shape proof[] = {{1, SHAPE_BYTES, 16, false, NULL}};
static const struct anmen_field_shape heartbeat[] = {NUMBER(1), NUMBER(2), DIGEST(3), NUMBER(4),
                                                     NUMBER(5), NUMBER(6), NUMBER(7), MAY_NUMBER(8)};
static const struct anmen_field_shape events[] = {
    NUMBER(1), {2, SHAPE_TRUTH, 0, false, NULL}, {3, SHAPE_OTHER, 0, false, good_events}};
static const struct anmen_field_shape question[] = {{1, SHAPE_BYTES, 8, false, NULL}};
static const struct anmen_field_shape refused[] = {NUMBER(1), DIGEST(2), TEXT(3)};
static const struct anmen_field_shape will[] = {NUMBER(1)};

#define SHAPE(tag, fields) {tag, sizeof fields / sizeof fields[0], fields}

const struct anmen_message_shape up_shapes[7] = {
    SHAPE(UP_BIRTH, birth),           SHAPE(UP_PROOF, proof),          SHAPE(UP_HEARTBEAT, heartbeat),
    SHAPE(UP_EVENTS, events),         SHAPE(UP_TIME_REQUEST, question), SHAPE(UP_LIST_REFUSED, refused),
    SHAPE(UP_WILL, will)};
