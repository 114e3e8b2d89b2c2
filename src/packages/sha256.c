/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/sha256.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/mem.h"

#define STAGE_SIZE 1024 /* a call of libcrypto's takes as long as hashing some dozens of bytes */

struct sha256 {
    EVP_MD_CTX *md;
    size_t staged;
    unsigned char stage[STAGE_SIZE];
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

/* Looked for once (EVP_sha256() is, each time that it is used) and kept: the one of the process. */
static const EVP_MD *algorithm(void)
{
    static _Atomic(EVP_MD *) kept;
    EVP_MD *there = kept, *mine;
    if (there != NULL) {
        return there;
    }
    mine = EVP_MD_fetch(NULL, "SHA256", NULL);
    must(mine != NULL);
    if (atomic_compare_exchange_strong(&kept, &there, mine)) {
        return mine;
    }
    EVP_MD_free(mine); /* another thread was first */
    return there;
}

struct sha256 *sha256_new(void)
{
    struct sha256 *s = xcalloc(1, sizeof(*s));
    s->md = EVP_MD_CTX_new();
    must(s->md != NULL);
    must(EVP_DigestInit_ex2(s->md, algorithm(), NULL));
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

static void flush(struct sha256 *s)
{
    must(EVP_DigestUpdate(s->md, s->stage, s->staged));
    s->staged = 0;
}

void sha256_add(struct sha256 *s, const void *data, size_t len)
{
    if (len > STAGE_SIZE - s->staged) {
        flush(s);
    }
    if (len > STAGE_SIZE) {
        must(EVP_DigestUpdate(s->md, data, len));
    } else if (len > 0) {
        memcpy(s->stage + s->staged, data, len);
        s->staged += len;
    }
}

void sha256_end(struct sha256 *s, char ret[SHA256_CHARS + 1])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char raw[EVP_MAX_MD_SIZE];
    flush(s);
    must(EVP_DigestFinal_ex(s->md, raw, NULL));
    for (size_t i = 0; i < SHA256_CHARS / 2; i++) {
        ret[2 * i] = digits[raw[i] >> 4];
        ret[2 * i + 1] = digits[raw[i] & 15];
    }
    ret[SHA256_CHARS] = '\0';
    must(EVP_DigestInit_ex2(s->md, algorithm(), NULL));
}
