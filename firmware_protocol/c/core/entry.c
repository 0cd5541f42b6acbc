#include "list.h"

#include <string.h>

#include "crypto_port.h"

static bool number(struct cbor_reader *in, uint64_t *out)
{
    struct cbor_item item;

    if (!cbor_next(in, &item) || item.major != CBOR_UINT || item.value > ANMEN_UINT62_MAX) {
        return false;
    }
    *out = item.value;
    return true;
}

static bool truth(struct cbor_reader *in, bool *out)
{
    struct cbor_item item;

    if (!cbor_next(in, &item) || item.major != CBOR_SIMPLE) {
        return false;
    }
    *out = item.value == CBOR_TRUE;
    return true;
}

static bool material(struct cbor_reader *in, struct anmen_entry *entry)
{
    struct cbor_item item;

    if (!cbor_next(in, &item) || item.major != CBOR_BYTES) {
        return false;
    }
    entry->usable = entry->type != ENTRY_FACE && item.value == ANMEN_VERIFIER;
    if (entry->usable) {
        memcpy(entry->verifier, item.bytes, ANMEN_VERIFIER);
    }
    return true;
}

static bool hash_of(struct anmen_entry *entry, const uint8_t *at, size_t length)
{
    struct anmen_sha256 hash;

    if (!anmen_sha256_begin(&hash)) {
        return false;
    }
    bool added = anmen_sha256_add(&hash, at, length);
    return anmen_sha256_end(&hash, entry->hash) && added;
}

bool anmen_entry_read(struct anmen_entry *entry, const uint8_t *at, size_t length)
{
    struct cbor_reader in = {at, length};
    struct cbor_item array;
    uint64_t type;

    memset(entry, 0, sizeof *entry);
    if (length > ANMEN_ENTRY_MAX || cbor_check(at, length) != length || !cbor_next(&in, &array)
        || array.major != CBOR_ARRAY || array.value < 8 || !number(&in, &entry->credential_id) || !number(&in, &type)
        || (type != ENTRY_PIN && type != ENTRY_CARD && type != ENTRY_FACE)) {
        return false;
    }
    entry->type = (uint32_t)type;
    return material(&in, entry) && number(&in, &entry->starts_at) && number(&in, &entry->ends_at)
           && number(&in, &entry->offline_lease_s) && truth(&in, &entry->duress) && truth(&in, &entry->visitor)
           && hash_of(entry, at, length);
}
