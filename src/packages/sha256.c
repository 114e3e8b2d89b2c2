/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/sha256.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include "base/mem.h"

struct sha256 {
    EVP_MD_CTX *md;
};

/* It fails without memory, which xmalloc does not survive either, and where SHA-256 is forbidden,
 * without which nothing here can be told from anything else. */
static void must(int done)
{
    if (done != 1) {
        fputs("belljar: SHA-256 cannot be computed on this host\n", stderr);
        abort();
    }
}

struct sha256 *sha256_new(void)
{
    struct sha256 *s = xcalloc(1, sizeof(*s));
    s->md = EVP_MD_CTX_new();
    must(s->md != NULL);
    must(EVP_DigestInit_ex(s->md, EVP_sha256(), NULL));
    return s;
}

void sha256_free(struct sha256 *s)
{
    if (s) {
        EVP_MD_CTX_free(s->md);
        free(s);
    }
}

void sha256_freep(struct sha256 **s)
{
    sha256_free(*s);
    *s = NULL;
}

void sha256_add(struct sha256 *s, const void *data, size_t len)
{
    must(EVP_DigestUpdate(s->md, data, len));
}

void sha256_end(struct sha256 *s, char ret[SHA256_CHARS + 1])
{
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    must(EVP_DigestFinal_ex(s->md, raw, &len));
    for (size_t i = 0; i < SHA256_CHARS / 2; i++) {
        snprintf(ret + 2 * i, 3, "%02x", raw[i]);
    }
    must(EVP_DigestInit_ex(s->md, EVP_sha256(), NULL));
}
