/* The subset of CBOR that Anmen speaks (ANM-CBR-001 … 006): core deterministic encoding, no tags, floats or null. */
#ifndef ANMEN_CBOR_H
#define ANMEN_CBOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cbor_major { CBOR_UINT, CBOR_NINT, CBOR_BYTES, CBOR_TEXT, CBOR_ARRAY, CBOR_MAP, CBOR_TAG, CBOR_SIMPLE };
enum { CBOR_FALSE = 20, CBOR_TRUE = 21 };

/* Writes into a fixed room; what does not fit sets `full`, and nothing is written behind the room. */
struct cbor_writer {
    uint8_t *at;
    size_t room;
    size_t used;
    bool full;
};

struct cbor_writer cbor_into(uint8_t *at, size_t room);
void cbor_head(struct cbor_writer *out, enum cbor_major major, uint64_t value);
void cbor_raw(struct cbor_writer *out, const uint8_t *at, size_t length);
void cbor_uint(struct cbor_writer *out, uint64_t value);
void cbor_int(struct cbor_writer *out, int64_t value);
void cbor_bytes(struct cbor_writer *out, const uint8_t *at, size_t length);
void cbor_text(struct cbor_writer *out, const char *text);
void cbor_truth(struct cbor_writer *out, bool truth);

/* One head and, for strings, the bytes behind it. `value` is the number, the length, the count or the simple value. */
struct cbor_item {
    enum cbor_major major;
    uint64_t value;
    const uint8_t *bytes;
};

struct cbor_reader {
    const uint8_t *at;
    size_t left;
};

/* Reads the next head strictly; false at the end or when it is not of the subset. Does not enter or skip containers. */
bool cbor_next(struct cbor_reader *in, struct cbor_item *item);
/* Steps over one whole item. Its insides must have been checked by `cbor_check`, or are checked here. */
bool cbor_skip(struct cbor_reader *in);
/* The length of the first item, all of it checked; 0 when it is not of the subset. Keys must be in bytewise order. */
size_t cbor_check(const uint8_t *at, size_t length);
/* UTF-8 by RFC 3629: no overlong forms, no surrogates. */
bool cbor_utf8(const uint8_t *at, size_t length);

#endif
