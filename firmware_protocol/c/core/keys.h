/* Secrets of one boot and the frame keys that follow from them (ANM-KEY-001 … 008). */
#ifndef ANMEN_KEYS_H
#define ANMEN_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limits.h"

struct anmen_holder {
    uint64_t generation;
    uint8_t nonce[16];
};

struct anmen_frame_key {
    uint8_t key[16];
    uint8_t iv[12];
};

/* What is claimed once. A secure element would keep the private key and compute the shared secret itself. */
struct anmen_identity {
    char lock_id[ANMEN_LOCK_ID + 1];
    uint64_t key_epoch;
    uint8_t own_private[32];
    uint8_t service_public[ANMEN_POINT];
};

struct anmen_boot_keys {
    uint8_t ephemeral_public[ANMEN_POINT];
    uint8_t session[ANMEN_SESSION_ID];
    uint8_t secret[64];
    uint8_t credential_key[32];
    struct anmen_frame_key up;
    struct anmen_frame_key will;
};

/* ANM-FRM-001. */
bool anmen_lock_id_is_good(const char *lock_id);
/* ANM-FRM-002: 0 to 63; 64 when the hash failed. */
unsigned anmen_shard(const char *lock_id);

/* Draws the ephemeral pair and derives everything that lives as long as the boot. */
bool anmen_boot_keys_draw(struct anmen_boot_keys *keys, const struct anmen_identity *who);
/* The same from a given ephemeral private key: for test vectors. */
bool anmen_boot_keys_make(struct anmen_boot_keys *keys, const struct anmen_identity *who,
                          const uint8_t ephemeral_private[32], const uint8_t ephemeral_public[ANMEN_POINT]);
bool anmen_down_key(struct anmen_frame_key *key, const struct anmen_boot_keys *keys,
                    const struct anmen_identity *who, const struct anmen_holder *holder);

#endif
