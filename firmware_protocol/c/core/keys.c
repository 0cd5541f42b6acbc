#include "keys.h"

#include <string.h>

#include "cbor.h"
#include "crypto_port.h"

static const uint8_t salt[7] = {'a', 'n', 'm', 'e', 'n', '/', '1'};

static bool is_letter(char one)
{
    static const char letters[32] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    for (size_t i = 0; i < sizeof letters; i++) {
        if (letters[i] == one) {
            return true;
        }
    }
    return false;
}

bool anmen_lock_id_is_good(const char *lock_id)
{
    if (lock_id[0] != 'L' || lock_id[1] != '-') {
        return false;
    }
    for (size_t i = 2; i < ANMEN_LOCK_ID; i++) {
        if (!is_letter(lock_id[i])) {
            return false;
        }
    }
    return lock_id[ANMEN_LOCK_ID] == '\0';
}

unsigned anmen_shard(const char *lock_id)
{
    struct anmen_sha256 hash;
    uint8_t digest[32];

    if (!anmen_sha256_begin(&hash)) {
        return 64;
    }
    bool added = anmen_sha256_add(&hash, (const uint8_t *)lock_id, ANMEN_LOCK_ID);
    return anmen_sha256_end(&hash, digest) && added ? digest[0] % 64u : 64;
}

static bool frame_key(struct anmen_frame_key *key, const struct anmen_boot_keys *keys,
                      const struct anmen_identity *who, const char *label, const struct anmen_holder *holder)
{
    uint8_t info[96];
    uint8_t okm[28];
    struct cbor_writer out = cbor_into(info, sizeof info);

    cbor_head(&out, CBOR_ARRAY, 5);
    cbor_text(&out, label);
    cbor_text(&out, who->lock_id);
    cbor_uint(&out, who->key_epoch);
    cbor_bytes(&out, keys->session, ANMEN_SESSION_ID);
    if (holder == NULL) {
        cbor_head(&out, CBOR_SIMPLE, 22); /* null: only ever here, never on the wire */
    } else {
        cbor_head(&out, CBOR_ARRAY, 2);
        cbor_uint(&out, holder->generation);
        cbor_bytes(&out, holder->nonce, sizeof holder->nonce);
    }
    bool made = !out.full && anmen_hkdf_sha256(keys->secret, sizeof keys->secret, salt, sizeof salt, info, out.used,
                                               okm, sizeof okm);
    memcpy(key->key, okm, sizeof key->key);
    memcpy(key->iv, okm + sizeof key->key, sizeof key->iv);
    anmen_forget(okm, sizeof okm);
    return made;
}

static bool credential_key(struct anmen_boot_keys *keys, const struct anmen_identity *who)
{
    uint8_t info[64];
    struct cbor_writer out = cbor_into(info, sizeof info);

    cbor_head(&out, CBOR_ARRAY, 3);
    cbor_text(&out, "credentials");
    cbor_text(&out, who->lock_id);
    cbor_uint(&out, who->key_epoch);
    return !out.full && anmen_hkdf_sha256(keys->secret, 32, salt, sizeof salt, info, out.used, keys->credential_key,
                                          sizeof keys->credential_key);
}

static bool session_id(struct anmen_boot_keys *keys)
{
    struct anmen_sha256 hash;
    uint8_t digest[32];

    if (!anmen_sha256_begin(&hash)) {
        return false;
    }
    bool added = anmen_sha256_add(&hash, keys->ephemeral_public, ANMEN_POINT);
    bool ended = anmen_sha256_end(&hash, digest);
    memcpy(keys->session, digest, ANMEN_SESSION_ID);
    return added && ended;
}

bool anmen_boot_keys_make(struct anmen_boot_keys *keys, const struct anmen_identity *who,
                          const uint8_t ephemeral_private[32], const uint8_t ephemeral_public[ANMEN_POINT])
{
    memcpy(keys->ephemeral_public, ephemeral_public, ANMEN_POINT);
    return session_id(keys) && anmen_p256_shared(who->own_private, who->service_public, keys->secret)
           && anmen_p256_shared(ephemeral_private, who->service_public, keys->secret + 32)
           && credential_key(keys, who) && frame_key(&keys->up, keys, who, "up", NULL)
           && frame_key(&keys->will, keys, who, "will", NULL);
}

bool anmen_boot_keys_draw(struct anmen_boot_keys *keys, const struct anmen_identity *who)
{
    uint8_t ephemeral_private[32];
    uint8_t ephemeral_public[ANMEN_POINT];
    bool made = anmen_p256_draw(ephemeral_private, ephemeral_public)
                && anmen_boot_keys_make(keys, who, ephemeral_private, ephemeral_public);

    anmen_forget(ephemeral_private, sizeof ephemeral_private);
    return made;
}

bool anmen_down_key(struct anmen_frame_key *key, const struct anmen_boot_keys *keys,
                    const struct anmen_identity *who, const struct anmen_holder *holder)
{
    return frame_key(key, keys, who, "down", holder);
}
