#include "message.h"

#include "limits.h"

static bool text_is_good(const struct cbor_item *item)
{
    if (item->major != CBOR_TEXT || item->value > ANMEN_TEXT_MAX) {
        return false;
    }
    for (size_t i = 0; i < item->value; i++) {
        if (item->bytes[i] == 0) {
            return false;
        }
    }
    return true;
}

static bool array_is_good(const struct cbor_item *item, const struct anmen_value *value, bool strings)
{
    struct cbor_reader in = {value->bytes, value->length};
    struct cbor_item one;

    if (item->major != CBOR_ARRAY || item->value > ANMEN_ITEMS_IN_PART) {
        return false;
    }
    for (uint64_t i = 0; i < item->value; i++) {
        if (!cbor_next(&in, &one) || one.major != (strings ? CBOR_BYTES : CBOR_UINT)
            || one.value > (strings ? ANMEN_ENTRY_MAX : ANMEN_UINT63_MAX)) {
            return false;
        }
    }
    return true;
}

/* `whole` is the value's encoding; it is well formed. */
static bool read_value(struct anmen_value *value, const struct anmen_field_shape *field, struct cbor_reader whole)
{
    struct cbor_reader in = whole;
    struct cbor_item item;

    if (!cbor_next(&in, &item)) {
        return false;
    }
    *value = (struct anmen_value){.there = true, .number = item.value};
    if (item.major == CBOR_BYTES || item.major == CBOR_TEXT) {
        value->bytes = item.bytes;
        value->length = (size_t)item.value;
    }
    switch ((enum anmen_shape)field->shape) {
    case SHAPE_NUMBER:
        return item.major == CBOR_UINT && item.value <= ANMEN_UINT63_MAX;
    case SHAPE_TRUTH:
        value->number = item.value == CBOR_TRUE;
        return item.major == CBOR_SIMPLE;
    case SHAPE_BYTES:
        return item.major == CBOR_BYTES && item.value == field->size;
    case SHAPE_TEXT:
        return text_is_good(&item);
    case SHAPE_NUMBERS:
    case SHAPE_STRINGS:
        value->bytes = in.at;
        value->length = in.left;
        return array_is_good(&item, value, field->shape == SHAPE_STRINGS);
    case SHAPE_OTHER:
        return field->other(whole.at, whole.left);
    }
    return false;
}

static const struct anmen_field_shape *find_field(const struct anmen_message_shape *shape, const struct cbor_item *key)
{
    for (unsigned i = 0; key->major == CBOR_UINT && i < shape->count; i++) {
        if (shape->fields[i].key == key->value) {
            return &shape->fields[i];
        }
    }
    return NULL;
}

static enum anmen_refusal read_fields(struct anmen_message *message, struct cbor_reader in, uint64_t count,
                                      const struct anmen_message_shape *shape)
{
    for (uint64_t i = 0; i < count; i++) {
        struct cbor_item key;
        if (!cbor_next(&in, &key)) {
            return ANMEN_MALFORMED;
        }
        struct cbor_reader whole = in;
        if (!cbor_skip(&in)) {
            return ANMEN_MALFORMED;
        }
        whole.left -= in.left;
        const struct anmen_field_shape *field = find_field(shape, &key);
        if (field != NULL && !read_value(&message->value[field->key], field, whole)) {
            return ANMEN_BAD_CONTENT;
        }
    }
    for (unsigned i = 0; i < shape->count; i++) {
        if (!shape->fields[i].optional && !message->value[shape->fields[i].key].there) {
            return ANMEN_BAD_CONTENT;
        }
    }
    return ANMEN_TAKEN;
}

static bool padding_is_good(const uint8_t *plain, size_t used, size_t length)
{
    uint8_t any = 0;

    for (size_t i = used; i < length; i++) {
        any |= plain[i];
    }
    return used != 0 && any == 0 && length % ANMEN_BLOCK == 0 && length <= ANMEN_PLAIN_MAX;
}

enum anmen_refusal anmen_message_read(struct anmen_message *message, const uint8_t *plain, size_t length,
                                      const struct anmen_message_shape *shapes, size_t shape_count)
{
    struct cbor_reader in = {plain, length};
    struct cbor_item array;
    struct cbor_item tag;
    struct cbor_item map;

    *message = (struct anmen_message){0};
    if (!padding_is_good(plain, cbor_check(plain, length), length) || !cbor_next(&in, &array)
        || array.major != CBOR_ARRAY || array.value != 2 || !cbor_next(&in, &tag) || tag.major != CBOR_UINT
        || !cbor_next(&in, &map) || map.major != CBOR_MAP) {
        return ANMEN_MALFORMED;
    }
    for (size_t i = 0; i < shape_count; i++) {
        if (shapes[i].tag == tag.value) {
            message->tag = (unsigned)tag.value;
            return read_fields(message, in, map.value, &shapes[i]);
        }
    }
    return ANMEN_UNKNOWN_MESSAGE;
}
