/* The inside of a key object, shared by keys.c and keys_file.c only. */
#ifndef COMMON_KEYS_PRIVATE_H
#define COMMON_KEYS_PRIVATE_H

#include <openssl/evp.h>

#include "common/keys.h"

enum { KEY_DER_LEN = 91 }; /* SubjectPublicKeyInfo, named curve P-256, uncompressed point */

struct key_private {
    EVP_PKEY *pkey;
    EVP_PKEY_CTX *signing; /* kept: setting one up costs a fetch per signature */
    uint8_t der[KEY_DER_LEN];
    uint8_t id[KEY_ID_LEN];
};

/* Takes `pkey` over, also when it fails: REJECT when it is not on P-256. */
MUST_CHECK enum outcome key_private_wrap(EVP_PKEY *pkey, struct key_private **made, struct why *why);

#endif
