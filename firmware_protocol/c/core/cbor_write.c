#include "cbor.h"

#include <string.h>

struct cbor_writer cbor_into(uint8_t *at, size_t room)
{
    return (struct cbor_writer){.at = at, .room = room, .used = 0, .full = false};
}

void cbor_raw(struct cbor_writer *out, const uint8_t *at, size_t length)
{
    if (out->full || length > out->room - out->used) {
        out->full = true;
        return;
    }
    if (length != 0) {
        memcpy(out->at + out->used, at, length);
        out->used += length;
    }
}

void cbor_head(struct cbor_writer *out, enum cbor_major major, uint64_t value)
{
    uint8_t head[9];
    size_t follow = value < 24 ? 0 : value <= 0xFF ? 1 : value <= 0xFFFF ? 2 : value <= 0xFFFFFFFF ? 4 : 8;
    unsigned low = follow == 0 ? (unsigned)value : follow == 1 ? 24u : follow == 2 ? 25u : follow == 4 ? 26u : 27u;

    head[0] = (uint8_t)(((unsigned)major << 5) | low);
    for (size_t i = 0; i < follow; i++) {
        head[follow - i] = (uint8_t)(value >> (8 * i));
    }
    cbor_raw(out, head, follow + 1);
}

void cbor_uint(struct cbor_writer *out, uint64_t value)
{
    cbor_head(out, CBOR_UINT, value);
}

void cbor_int(struct cbor_writer *out, int64_t value)
{
    if (value < 0) {
        cbor_head(out, CBOR_NINT, (uint64_t)(-(value + 1)));
    } else {
        cbor_head(out, CBOR_UINT, (uint64_t)value);
    }
}

void cbor_bytes(struct cbor_writer *out, const uint8_t *at, size_t length)
{
    cbor_head(out, CBOR_BYTES, length);
    cbor_raw(out, at, length);
}

void cbor_text(struct cbor_writer *out, const char *text)
{
    size_t length = 0;

    while (text[length] != '\0') {
        length++;
    }
    cbor_head(out, CBOR_TEXT, length);
    cbor_raw(out, (const uint8_t *)text, length);
}

void cbor_truth(struct cbor_writer *out, bool truth)
{
    cbor_head(out, CBOR_SIMPLE, truth ? CBOR_TRUE : CBOR_FALSE);
}
