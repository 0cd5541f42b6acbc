#include "frame.h"

#include <string.h>

#include "cbor.h"
#include "crypto_port.h"
#include "frame_header.h"

/* Enc_structure: 1 + 9 + head and header + head and "anmen/1/L-…/down". */
#define AAD_MAX (10u + 2u + ANMEN_HEADER_MAX + 2u + 27u)

static size_t additional(uint8_t *at, const uint8_t *protected_at, size_t protected_length, const char *lock_id,
                         bool down)
{
    struct cbor_writer out = cbor_into(at, AAD_MAX);

    cbor_head(&out, CBOR_ARRAY, 3);
    cbor_text(&out, "Encrypt0");
    cbor_bytes(&out, protected_at, protected_length);
    cbor_head(&out, CBOR_BYTES, 8 + ANMEN_LOCK_ID + (down ? 5u : 3u));
    cbor_raw(&out, (const uint8_t *)"anmen/1/", 8);
    cbor_raw(&out, (const uint8_t *)lock_id, ANMEN_LOCK_ID);
    cbor_raw(&out, (const uint8_t *)(down ? "/down" : "/up"), down ? 5 : 3);
    return out.full ? 0 : out.used;
}

static void nonce_of(uint8_t nonce[12], const struct anmen_frame_key *key, uint64_t counter)
{
    memcpy(nonce, key->iv, 12);
    for (unsigned i = 0; i < 8; i++) {
        nonce[11 - i] ^= (uint8_t)(counter >> (8 * i));
    }
}

enum anmen_refusal anmen_frame_read(struct anmen_frame *frame, uint8_t *bytes, size_t length)
{
    struct cbor_reader in = {bytes, length};
    struct cbor_item header;
    struct cbor_item text;

    if (length > ANMEN_FRAME_MAX) {
        return ANMEN_TOO_LARGE;
    }
    if (length < 2 || bytes[0] != 0xD0 || bytes[1] != 0x83) {
        return ANMEN_MALFORMED;
    }
    in.at += 2;
    in.left -= 2;
    if (!cbor_next(&in, &header) || header.major != CBOR_BYTES || in.left == 0 || in.at[0] != 0xA0) {
        return ANMEN_MALFORMED;
    }
    in.at++;
    in.left--;
    if (!cbor_next(&in, &text) || text.major != CBOR_BYTES || in.left != 0 || text.value < ANMEN_BLOCK + ANMEN_TAG
        || (text.value - ANMEN_TAG) % ANMEN_BLOCK != 0 || text.value - ANMEN_TAG > ANMEN_PLAIN_MAX
        || header.value > ANMEN_HEADER_MAX
        || !anmen_header_read(&frame->header, header.bytes, (size_t)header.value)) {
        return ANMEN_MALFORMED;
    }
    frame->protected_at = header.bytes;
    frame->protected_length = (size_t)header.value;
    frame->text = bytes + (text.bytes - bytes);
    frame->text_length = (size_t)text.value - ANMEN_TAG;
    return ANMEN_TAKEN;
}

enum anmen_refusal anmen_frame_open(const struct anmen_frame *frame, const struct anmen_frame_key *key,
                                    const char *lock_id)
{
    uint8_t aad[AAD_MAX];
    uint8_t nonce[12];
    size_t aad_length = additional(aad, frame->protected_at, frame->protected_length, lock_id,
                                   frame->header.kind == ANMEN_DOWN);

    nonce_of(nonce, key, frame->header.counter);
    if (aad_length == 0 || !anmen_gcm_open(key->key, nonce, aad, aad_length, frame->text, frame->text_length,
                                           frame->text + frame->text_length)) {
        return ANMEN_NOT_AUTHENTIC;
    }
    return ANMEN_TAKEN;
}

/* Heads in front of the ciphertext: tag, array, protected header, empty map, byte string. */
static size_t heads(uint8_t *at, const uint8_t *header, size_t header_length, size_t text_length)
{
    struct cbor_writer out = cbor_into(at, ANMEN_HEAD_ROOM);

    cbor_head(&out, CBOR_TAG, 16);
    cbor_head(&out, CBOR_ARRAY, 3);
    cbor_bytes(&out, header, header_length);
    cbor_head(&out, CBOR_MAP, 0);
    cbor_head(&out, CBOR_BYTES, text_length);
    return out.full ? 0 : out.used;
}

size_t anmen_frame_seal(uint8_t *out, size_t room, size_t used, const struct anmen_header *header,
                        const struct anmen_frame_key *key, const char *lock_id)
{
    uint8_t written[ANMEN_HEADER_MAX];
    uint8_t aad[AAD_MAX];
    uint8_t nonce[12];
    size_t padded = (used + ANMEN_BLOCK - 1) / ANMEN_BLOCK * ANMEN_BLOCK;
    size_t length = anmen_header_write(written, sizeof written, header);
    uint8_t *text = out + ANMEN_HEAD_ROOM;

    if (used == 0 || padded > ANMEN_PLAIN_MAX || room < ANMEN_HEAD_ROOM + padded + ANMEN_TAG || length == 0
        || header->counter > ANMEN_UINT63_MAX) {
        return 0;
    }
    size_t aad_length = additional(aad, written, length, lock_id, header->kind == ANMEN_DOWN);
    size_t front = heads(out, written, length, padded + ANMEN_TAG);
    memset(text + used, 0, padded - used);
    nonce_of(nonce, key, header->counter);
    if (aad_length == 0 || front == 0
        || !anmen_gcm_seal(key->key, nonce, aad, aad_length, text, padded, text + padded)) {
        return 0;
    }
    memmove(out + front, text, padded + ANMEN_TAG);
    return front + padded + ANMEN_TAG;
}
