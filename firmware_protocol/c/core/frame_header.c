#include "frame.h"

#include <string.h>

#include "cbor.h"
#include "frame_header.h"

static void write_holder(struct cbor_writer *out, const struct anmen_holder *holder)
{
    cbor_int(out, ANMEN_HEADER_HOLDER);
    cbor_head(out, CBOR_ARRAY, 2);
    cbor_uint(out, holder->generation);
    cbor_bytes(out, holder->nonce, sizeof holder->nonce);
}

size_t anmen_header_write(uint8_t *at, size_t room, const struct anmen_header *header)
{
    struct cbor_writer out = cbor_into(at, room);
    uint8_t counter[8];
    bool more = header->kind == ANMEN_BIRTH || header->kind == ANMEN_DOWN;

    for (unsigned i = 0; i < 8; i++) {
        counter[i] = (uint8_t)(header->counter >> (56 - 8 * i));
    }
    cbor_head(&out, CBOR_MAP, more ? 5 : 4);
    cbor_uint(&out, ANMEN_HEADER_ALG);
    cbor_uint(&out, 1);
    cbor_uint(&out, ANMEN_HEADER_KID);
    cbor_bytes(&out, header->session, ANMEN_SESSION_ID);
    cbor_uint(&out, ANMEN_HEADER_IV);
    cbor_bytes(&out, counter, sizeof counter);
    cbor_int(&out, ANMEN_HEADER_KIND);
    cbor_uint(&out, (uint64_t)header->kind);
    if (header->kind == ANMEN_BIRTH) {
        cbor_int(&out, ANMEN_HEADER_EPHEMERAL);
        cbor_bytes(&out, header->ephemeral, ANMEN_POINT);
    } else if (header->kind == ANMEN_DOWN) {
        write_holder(&out, &header->holder);
    }
    return out.full ? 0 : out.used;
}

static bool read_key(struct cbor_reader *in, int64_t key)
{
    struct cbor_item item;

    if (!cbor_next(in, &item)) {
        return false;
    }
    return key < 0 ? item.major == CBOR_NINT && item.value == (uint64_t)(-1 - key)
                   : item.major == CBOR_UINT && item.value == (uint64_t)key;
}

static bool read_bytes(struct cbor_reader *in, uint8_t *out, size_t length)
{
    struct cbor_item item;

    if (!cbor_next(in, &item) || item.major != CBOR_BYTES || item.value != length) {
        return false;
    }
    memcpy(out, item.bytes, length);
    return true;
}

static bool read_number(struct cbor_reader *in, uint64_t most, uint64_t *out)
{
    struct cbor_item item;

    if (!cbor_next(in, &item) || item.major != CBOR_UINT || item.value > most) {
        return false;
    }
    *out = item.value;
    return true;
}

static bool read_holder(struct cbor_reader *in, struct anmen_holder *holder)
{
    struct cbor_item item;

    return read_key(in, ANMEN_HEADER_HOLDER) && cbor_next(in, &item) && item.major == CBOR_ARRAY && item.value == 2
           && read_number(in, ANMEN_UINT63_MAX, &holder->generation)
           && read_bytes(in, holder->nonce, sizeof holder->nonce);
}

bool anmen_header_read(struct anmen_header *header, const uint8_t *at, size_t length)
{
    struct cbor_reader in = {at, length};
    struct cbor_item map;
    uint8_t counter[8];
    uint64_t kind;
    uint64_t algorithm;

    if (!cbor_next(&in, &map) || map.major != CBOR_MAP || !read_key(&in, ANMEN_HEADER_ALG)
        || !read_number(&in, 1, &algorithm) || algorithm != 1 || !read_key(&in, ANMEN_HEADER_KID)
        || !read_bytes(&in, header->session, ANMEN_SESSION_ID) || !read_key(&in, ANMEN_HEADER_IV)
        || !read_bytes(&in, counter, sizeof counter) || (counter[0] & 0x80) != 0
        || !read_key(&in, ANMEN_HEADER_KIND) || !read_number(&in, ANMEN_DOWN, &kind)) {
        return false;
    }
    header->kind = (enum anmen_kind)kind;
    header->counter = 0;
    for (unsigned i = 0; i < 8; i++) {
        header->counter = header->counter << 8 | counter[i];
    }
    if (header->kind == ANMEN_BIRTH) {
        return map.value == 5 && read_key(&in, ANMEN_HEADER_EPHEMERAL)
               && read_bytes(&in, header->ephemeral, ANMEN_POINT) && header->ephemeral[0] == 4 && in.left == 0;
    }
    if (header->kind == ANMEN_DOWN) {
        return map.value == 5 && read_holder(&in, &header->holder) && in.left == 0;
    }
    return map.value == 4 && in.left == 0;
}
