#include "cbor.h"

#include <string.h>

#include "limits.h"

/* A container that is being checked. Its last key proves both order and that no key comes twice. */
struct level {
    uint64_t left;
    bool map;
    bool key_next;
    const uint8_t *key;
    size_t key_length;
};

static bool head(struct cbor_reader *in, struct cbor_item *item)
{
    static const uint64_t least[4] = {24, 0x100, 0x10000, 0x100000000};
    unsigned low;
    size_t follow;

    if (in->left == 0) {
        return false;
    }
    item->major = (enum cbor_major)(in->at[0] >> 5);
    low = in->at[0] & 31u;
    if (low > 27) {
        return false;
    }
    follow = low < 24 ? 0 : (size_t)1 << (low - 24);
    if (in->left < 1 + follow) {
        return false;
    }
    item->value = follow == 0 ? low : 0;
    for (size_t i = 1; i <= follow; i++) {
        item->value = item->value << 8 | in->at[i];
    }
    if (follow != 0 && item->value < least[low - 24]) {
        return false;
    }
    in->at += 1 + follow;
    in->left -= 1 + follow;
    return true;
}

bool cbor_next(struct cbor_reader *in, struct cbor_item *item)
{
    if (!head(in, item) || item->major == CBOR_TAG) {
        return false;
    }
    if (item->major == CBOR_SIMPLE) {
        return item->value == CBOR_FALSE || item->value == CBOR_TRUE;
    }
    item->bytes = in->at;
    if (item->major == CBOR_BYTES || item->major == CBOR_TEXT) {
        if (item->value > in->left) {
            return false;
        }
        in->at += item->value;
        in->left -= (size_t)item->value;
        return item->major == CBOR_BYTES || cbor_utf8(item->bytes, (size_t)item->value);
    }
    return true;
}

static bool next_key(struct level *level, const struct cbor_item *item, const uint8_t *at, size_t length)
{
    size_t both = length < level->key_length ? length : level->key_length;

    if (item->major != CBOR_UINT && item->major != CBOR_NINT && item->major != CBOR_TEXT) {
        return false;
    }
    if (level->key != NULL && memcmp(at, level->key, both) <= 0) {
        return false; /* no encoding of a key is the beginning of another */
    }
    level->key = at;
    level->key_length = length;
    return true;
}

static bool opens(const struct cbor_item *item)
{
    return item->major == CBOR_ARRAY || item->major == CBOR_MAP;
}

size_t cbor_check(const uint8_t *at, size_t length)
{
    struct level levels[ANMEN_NESTING];
    struct cbor_reader in = {at, length};
    struct cbor_item item;
    unsigned depth = 0;

    do {
        const uint8_t *begin = in.at;
        if (!cbor_next(&in, &item)) {
            return 0;
        }
        if (depth != 0) {
            struct level *top = &levels[depth - 1];
            if (top->key_next && !next_key(top, &item, begin, (size_t)(in.at - begin))) {
                return 0;
            }
            top->key_next = top->map && !top->key_next;
            top->left--;
        }
        if (opens(&item)) {
            /* Every item takes a byte: a count beyond what is left is a lie and needs no loop to find out. */
            if (depth == ANMEN_NESTING || item.value > in.left / (item.major == CBOR_MAP ? 2u : 1u)) {
                return 0;
            }
            levels[depth++] = (struct level){.left = item.major == CBOR_MAP ? item.value * 2 : item.value,
                                             .map = item.major == CBOR_MAP,
                                             .key_next = item.major == CBOR_MAP};
        }
        while (depth != 0 && levels[depth - 1].left == 0) {
            depth--;
        }
    } while (depth != 0);
    return length - in.left;
}

bool cbor_skip(struct cbor_reader *in)
{
    size_t length = cbor_check(in->at, in->left);

    in->at += length;
    in->left -= length;
    return length != 0;
}

static size_t utf8_one(const uint8_t *at, size_t left)
{
    static const uint8_t lowest[5] = {0, 0, 0, 0xA0, 0x90}; /* of the second byte behind E0 and F0 */
    size_t length = at[0] < 0x80 ? 1 : at[0] >= 0xC2 && at[0] < 0xE0 ? 2 : (at[0] & 0xF0) == 0xE0 ? 3 : 4;

    if (length == 1) {
        return 1;
    }
    if ((length == 4 && (at[0] < 0xF0 || at[0] > 0xF4)) || left < length) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    if ((at[0] == 0xE0 || at[0] == 0xF0) && at[1] < lowest[length]) {
        return 0;
    }
    if ((at[0] == 0xED && at[1] > 0x9F) || (at[0] == 0xF4 && at[1] > 0x8F)) {
        return 0;
    }
    return length;
}

bool cbor_utf8(const uint8_t *at, size_t length)
{
    while (length != 0) {
        size_t one = utf8_one(at, length);
        if (one == 0) {
            return false;
        }
        at += one;
        length -= one;
    }
    return true;
}
