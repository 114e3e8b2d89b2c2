/* SPDX-License-Identifier: Apache-2.0 */
#include "http/handshake.h"

#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/err.h"
#include "http/request.h"
#include "http/server.h"
#include "http/websocket.h"

#define KEY_BYTES 16
#define VERSION   "13"
#define GUID      "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

struct search {
    const char *field, *token;
    bool found;
};

/* Whether the comma-separated `list` has it, in whatever case. */
static bool list_has(const char *list, const char *token)
{
    size_t len = strlen(token);
    while (*list != '\0') {
        list += strspn(list, " \t,");
        size_t span = strcspn(list, " \t,");
        if (span == len && strncasecmp(list, token, len) == 0) {
            return true;
        }
        list += span;
    }
    return false;
}

static enum MHD_Result look(void *ctx, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct search *s = ctx;
    (void)kind;

    s->found =
        s->found || (value != NULL && strcasecmp(name, s->field) == 0 && list_has(value, s->token));
    return MHD_YES;
}

/* In one of the fields of this name. */
static bool has_token(const struct http_request *r, const char *field, const char *token)
{
    struct search s = {field, token, false};
    MHD_get_connection_values(r->connection, MHD_HEADER_KIND, look, &s);
    return s.found;
}

bool http_wants_websocket(const struct http_request *r)
{
    return strcmp(r->method_name, "GET") == 0 && !r->is_http_1_0 &&
           has_token(r, "Upgrade", "websocket") && has_token(r, "Connection", "upgrade");
}

static bool key_is_good(const char *key)
{
    AUTO(buf_done) struct buf bytes = {0};
    struct err ignored;
    return key != NULL && base64_decode(key, strlen(key), &bytes, &ignored) == 0 &&
           bytes.len == KEY_BYTES;
}

static void add_accept(struct http_request *r, const char *key)
{
    AUTO(buf_done) struct buf text = {0};
    AUTO(buf_done) struct buf accept = {0};
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    buf_add_fmt(&text, "%s%s", key, GUID);
    EVP_Digest(text.data, text.len, digest, &len, EVP_sha1(), NULL);
    base64_encode(digest, len, &accept);
    http_add_header(r, "Sec-WebSocket-Accept", accept.data);
}

/* What follows the head are frames; of a request that cannot be read safely nobody knows where they
 * begin. */
static bool has_body(const struct http_request *r)
{
    const char *length = http_header(r, "Content-Length");
    return r->must_drop || (length != NULL && strcmp(length, "0") != 0) ||
           http_header(r, "Transfer-Encoding") != NULL || http_header(r, "Expect") != NULL;
}

bool handshake_has_room(struct http_request *r)
{
    if (server_has_stream_room(r->server)) {
        return true;
    }
    request_refuse(r, 503, "too many streams are open (three quarters of server.connections_max)");
    return false;
}

bool handshake_pass(struct http_request *r, const char *protocol)
{
    const char *key = http_header(r, "Sec-WebSocket-Key");
    const char *version = http_header(r, "Sec-WebSocket-Version");
    if (has_body(r)) {
        request_refuse(r, 400, "the handshake of a WebSocket has no body");
        return false;
    }
    if (!http_wants_websocket(r)) {
        http_add_header(r, "Upgrade", "websocket");
        http_add_header(r, "Connection", "Upgrade");
        request_refuse(r, 426, "this is a WebSocket: ask with Upgrade: websocket over HTTP/1.1");
        return false;
    }
    if (version == NULL || strcmp(version, VERSION) != 0) {
        http_add_header(r, "Sec-WebSocket-Version", VERSION);
        request_refuse(r, 426, "Sec-WebSocket-Version must be " VERSION);
        return false;
    }
    if (!key_is_good(key)) {
        request_refuse(r, 400, "Sec-WebSocket-Key must be 16 bytes in base64");
        return false;
    }
    if (!handshake_has_room(r)) {
        return false;
    }
    http_add_header(r, "Upgrade", "websocket");
    add_accept(r, key);
    if (protocol != NULL && has_token(r, "Sec-WebSocket-Protocol", protocol)) {
        http_add_header(r, "Sec-WebSocket-Protocol", protocol);
    }
    return true;
}
