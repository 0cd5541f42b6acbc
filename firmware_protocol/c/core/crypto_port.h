/* What the core needs of a cryptographic library or a secure element. Every function answers whether it worked. */
#ifndef ANMEN_CRYPTO_PORT_H
#define ANMEN_CRYPTO_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A hash in progress; a port uses what it needs of the room. */
struct anmen_sha256 {
    void *context;
    uint64_t room[14];
};

bool anmen_sha256_begin(struct anmen_sha256 *hash);
bool anmen_sha256_add(struct anmen_sha256 *hash, const uint8_t *at, size_t length);
/* Always ends the hash, and frees what the port took for it. */
bool anmen_sha256_end(struct anmen_sha256 *hash, uint8_t digest[32]);

bool anmen_hmac_sha256(const uint8_t key[32], const uint8_t *at, size_t length, uint8_t code[32]);

/* RFC 5869, extract and expand. */
bool anmen_hkdf_sha256(const uint8_t *secret, size_t secret_length, const uint8_t *salt, size_t salt_length,
                       const uint8_t *info, size_t info_length, uint8_t *out, size_t length);

/* In place; `text` keeps its length, the tag goes apart. `open` leaves nothing readable when the tag is wrong. */
bool anmen_gcm_seal(const uint8_t key[16], const uint8_t nonce[12], const uint8_t *aad, size_t aad_length,
                    uint8_t *text, size_t length, uint8_t tag[16]);
bool anmen_gcm_open(const uint8_t key[16], const uint8_t nonce[12], const uint8_t *aad, size_t aad_length,
                    uint8_t *text, size_t length, const uint8_t tag[16]);

/* P-256. Points are X9.62 uncompressed; `shared` refuses a point that is not on the curve (ANM-KEY-003). */
bool anmen_p256_draw(uint8_t private_key[32], uint8_t public_key[65]);
bool anmen_p256_shared(const uint8_t private_key[32], const uint8_t public_key[65], uint8_t x[32]);

/* From a source fit for keys. */
bool anmen_random(uint8_t *out, size_t length);

/* Overwrites in a way that no compiler leaves out. */
void anmen_forget(void *at, size_t length);

#endif
