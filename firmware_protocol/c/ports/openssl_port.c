/* The crypto port over OpenSSL 3 (libcrypto). */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>

#include "../core/crypto_port.h"

bool anmen_sha256_begin(struct anmen_sha256 *hash)
{
    hash->context = EVP_MD_CTX_new();
    if (hash->context != NULL && EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL) == 1) {
        return true;
    }
    EVP_MD_CTX_free(hash->context);
    return false;
}

bool anmen_sha256_add(struct anmen_sha256 *hash, const uint8_t *at, size_t length)
{
    return EVP_DigestUpdate(hash->context, at, length) == 1;
}

bool anmen_sha256_end(struct anmen_sha256 *hash, uint8_t digest[32])
{
    bool ended = EVP_DigestFinal_ex(hash->context, digest, NULL) == 1;

    EVP_MD_CTX_free(hash->context);
    return ended;
}

bool anmen_hmac_sha256(const uint8_t key[32], const uint8_t *at, size_t length, uint8_t code[32])
{
    return HMAC(EVP_sha256(), key, 32, at, length, code, NULL) != NULL;
}

bool anmen_hkdf_sha256(const uint8_t *secret, size_t secret_length, const uint8_t *salt, size_t salt_length,
                       const uint8_t *info, size_t info_length, uint8_t *out, size_t length)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
    char digest[] = "SHA256";
    /* OSSL_PARAM takes pointers without const, and only reads through them. */
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret, secret_length),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt, salt_length),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info, info_length),
        OSSL_PARAM_construct_end(),
    };
    bool made = context != NULL && EVP_KDF_derive(context, out, length, params) == 1;

    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return made;
}

bool anmen_gcm_seal(const uint8_t key[16], const uint8_t nonce[12], const uint8_t *aad, size_t aad_length,
                    uint8_t *text, size_t length, uint8_t tag[16])
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int done = 0;
    bool sealed = context != NULL && EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), NULL, key, nonce) == 1
                  && EVP_EncryptUpdate(context, NULL, &done, aad, (int)aad_length) == 1
                  && EVP_EncryptUpdate(context, text, &done, text, (int)length) == 1
                  && EVP_EncryptFinal_ex(context, text + length, &done) == 1
                  && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, tag) == 1;

    EVP_CIPHER_CTX_free(context);
    return sealed;
}

bool anmen_gcm_open(const uint8_t key[16], const uint8_t nonce[12], const uint8_t *aad, size_t aad_length,
                    uint8_t *text, size_t length, const uint8_t tag[16])
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t expected[16];
    int done = 0;

    memcpy(expected, tag, sizeof expected);
    bool opened = context != NULL && EVP_DecryptInit_ex(context, EVP_aes_128_gcm(), NULL, key, nonce) == 1
                  && EVP_DecryptUpdate(context, NULL, &done, aad, (int)aad_length) == 1
                  && EVP_DecryptUpdate(context, text, &done, text, (int)length) == 1
                  && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, 16, expected) == 1
                  && EVP_DecryptFinal_ex(context, text + length, &done) == 1;

    EVP_CIPHER_CTX_free(context);
    if (!opened) {
        OPENSSL_cleanse(text, length);
    }
    return opened;
}

static EVP_PKEY *pair(const uint8_t *private_key, const uint8_t *public_key)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *scalar = private_key == NULL ? NULL : BN_bin2bn(private_key, 32, NULL);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM *params = NULL;
    EVP_PKEY *made = NULL;
    int selection = private_key == NULL ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR;

    if (build != NULL && context != NULL && OSSL_PARAM_BLD_push_utf8_string(build, "group", "prime256v1", 0) == 1
        && (public_key == NULL || OSSL_PARAM_BLD_push_octet_string(build, "pub", public_key, 65) == 1)
        && (scalar == NULL || OSSL_PARAM_BLD_push_BN(build, "priv", scalar) == 1)
        && (params = OSSL_PARAM_BLD_to_param(build)) != NULL && EVP_PKEY_fromdata_init(context) == 1
        && EVP_PKEY_fromdata(context, &made, selection, params) != 1) {
        made = NULL;
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_clear_free(scalar);
    EVP_PKEY_CTX_free(context);
    return made;
}

bool anmen_p256_shared(const uint8_t private_key[32], const uint8_t public_key[65], uint8_t x[32])
{
    EVP_PKEY *own = pair(private_key, NULL);
    EVP_PKEY *peer = public_key[0] == 4 ? pair(NULL, public_key) : NULL; /* refuses a point off the curve */
    EVP_PKEY_CTX *context = own == NULL ? NULL : EVP_PKEY_CTX_new(own, NULL);
    size_t length = 32;
    bool made = context != NULL && peer != NULL && EVP_PKEY_derive_init(context) == 1
                && EVP_PKEY_derive_set_peer(context, peer) == 1 && EVP_PKEY_derive(context, x, &length) == 1
                && length == 32;

    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(own);
    return made;
}

bool anmen_p256_draw(uint8_t private_key[32], uint8_t public_key[65])
{
    EVP_PKEY *drawn = EVP_EC_gen("prime256v1");
    BIGNUM *scalar = NULL;
    size_t length = 0;
    bool made = drawn != NULL && EVP_PKEY_get_bn_param(drawn, "priv", &scalar) == 1
                && BN_bn2binpad(scalar, private_key, 32) == 32
                && EVP_PKEY_get_octet_string_param(drawn, "pub", public_key, 65, &length) == 1 && length == 65;

    BN_clear_free(scalar);
    EVP_PKEY_free(drawn);
    return made;
}

bool anmen_random(uint8_t *out, size_t length)
{
    return RAND_bytes(out, (int)length) == 1;
}

void anmen_forget(void *at, size_t length)
{
    OPENSSL_cleanse(at, length);
}
