/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/webhook_sign.h"

#include <inttypes.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/strv.h"
#include "engine/webhooks.h"

#define ENCODED_PREFIX "whsec_"

static int key_of(const char *secret, struct buf *ret, struct err *e)
{
    if (!str_starts(secret, ENCODED_PREFIX)) {
        buf_add_str(ret, secret);
    } else {
        const char *encoded = secret + strlen(ENCODED_PREFIX);
        struct err ignored; /* it could quote the secret */
        if (base64_decode(encoded, strlen(encoded), ret, &ignored) < 0) {
            return err_set(e, ERR_INVALID,
                           "a secret for webhooks that begins with " ENCODED_PREFIX
                           " goes on in base64, and this one does not");
        }
    }
    return ret->len > 0 ? 0 : err_set(e, ERR_INVALID, "the secret for webhooks is empty");
}

int webhooks_check_secret(const char *secret, struct err *e)
{
    AUTO(buf_done) struct buf key = {0};
    return key_of(secret, &key, e);
}

int webhook_sign(const char *secret, const char *id, uint64_t timestamp_s, const void *body,
                 size_t body_len, struct buf *ret, struct err *e)
{
    AUTO(buf_done) struct buf key = {0};
    AUTO(buf_done) struct buf text = {0};
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned mac_len = 0;
    int r = key_of(secret, &key, e);
    if (r < 0) {
        return r;
    }
    buf_add_fmt(&text, "%s.%" PRIu64 ".", id, timestamp_s);
    buf_add(&text, body, body_len);
    if (!HMAC(EVP_sha256(), key.data, (int)key.len, (const unsigned char *)text.data, text.len, mac,
              &mac_len)) {
        return err_set(e, ERR_IO, "libcrypto cannot compute HMAC-SHA256");
    }
    buf_add_str(ret, "v1,");
    base64_encode(mac, mac_len, ret);
    return 0;
}
