/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ws_handshake.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/rand.h"
#include "cli/remote.h"
#include "cli/remote_curl.h"

#define DEADLINE_NS (30 * NS_PER_S)
#define ANSWER_MAX  ((size_t)64 << 10)
#define GUID        "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455, 1.3 */
#define KEY_BYTES   16
#define SHA1_BYTES  20

struct handshake {
    CURL *curl;
    const char *url;
    uint64_t deadline_ns;
    struct buf key;    /* Sec-WebSocket-Key */
    struct buf answer; /* all that has come */
    size_t head_len;   /* of it, the empty line included; 0: not whole yet */
    long status;       /* 0: what answers is no HTTP/1 server */
};

static void handshake_done(struct handshake *h)
{
    buf_done(&h->key);
    buf_done(&h->answer);
}

/* --- bytes ------------------------------------------------------------------------------------ */

static int wait_for(struct handshake *h, short events, struct err *e)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    curl_easy_getinfo(h->curl, CURLINFO_ACTIVESOCKET, &fd);
    uint64_t now = clock_mono_ns(&clock_system);
    uint64_t left = now < h->deadline_ns ? h->deadline_ns - now : 0;
    struct pollfd p = {.fd = fd, .events = events};
    int n = poll(&p, 1, (int)(left / NS_PER_MS));
    if (n < 0 && errno != EINTR) {
        return err_sys(e, "waiting for %.100s", h->url);
    }
    return n == 0 ? err_set(e, ERR_IO, "%.100s does not answer", h->url) : 0;
}

static int send_all(struct handshake *h, const struct buf *text, struct err *e)
{
    size_t done = 0;
    while (done < text->len) {
        size_t n = 0;
        CURLcode code = curl_easy_send(h->curl, text->data + done, text->len - done, &n);
        if (code != CURLE_OK && code != CURLE_AGAIN) {
            return remote_failure(code, "GET", h->url, e);
        }
        done += n;
        int r = code == CURLE_AGAIN ? wait_for(h, POLLOUT, e) : 0;
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

/* *ret: how much has come; 0: the connection has ended. */
static int receive(struct handshake *h, size_t *ret, struct err *e)
{
    for (;;) {
        size_t n = 0;
        char *room = buf_reserve(&h->answer, 4096);
        CURLcode code = curl_easy_recv(h->curl, room, 4096, &n);
        if (code != CURLE_OK && code != CURLE_AGAIN) {
            return remote_failure(code, "GET", h->url, e);
        }
        if (code == CURLE_OK) {
            buf_commit(&h->answer, n);
            *ret = n;
            return 0;
        }
        int r = wait_for(h, POLLIN, e);
        if (r < 0) {
            return r;
        }
    }
}

/* --- the request ------------------------------------------------------------------------------ */

static char *url_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    if (curl_url_get(url, part, &text, 0) != CURLUE_OK) {
        return NULL;
    }
    char *copy = xstrdup(text);
    curl_free(text);
    return copy;
}

static void url_freep(CURLU **url)
{
    curl_url_cleanup(*url);
    *url = NULL;
}

static int request_make(struct handshake *h, const struct remote *remote, struct buf *ret,
                        struct err *e)
{
    unsigned char nonce[KEY_BYTES];
    AUTO(url_freep) CURLU *url = curl_url();
    if (!url || curl_url_set(url, CURLUPART_URL, h->url, 0) != CURLUE_OK) {
        return err_set(e, ERR_INVALID, "'%.100s' is no URL of a server; write http://HOST:PORT",
                       h->url);
    }
    AUTO(mem_freep) char *host = url_part(url, CURLUPART_HOST);
    AUTO(mem_freep) char *port = url_part(url, CURLUPART_PORT);
    AUTO(mem_freep) char *path = url_part(url, CURLUPART_PATH);
    AUTO(mem_freep) char *key = remote_authorization(remote);
    rand_bytes(nonce, sizeof(nonce));
    base64_encode(nonce, sizeof(nonce), &h->key);
    buf_add_fmt(ret,
                "GET %s HTTP/1.1\r\nHost: %s%s%s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n"
                "User-Agent: belljar/" BELLJAR_VERSION "\r\n%s%s\r\n",
                path ? path : "/", host ? host : "", port ? ":" : "", port ? port : "", h->key.data,
                key ? key : "", key ? "\r\n" : "");
    return 0;
}

/* --- the answer ------------------------------------------------------------------------------- */

static int head_read(struct handshake *h, struct err *e)
{
    while (h->head_len == 0) {
        size_t n = 0;
        int r = receive(h, &n, e);
        if (r < 0) {
            return r;
        }
        const char *end = h->answer.data ? strstr(h->answer.data, "\r\n\r\n") : NULL;
        if (end) {
            bool known = strncmp(h->answer.data, "HTTP/1.", 7) == 0 && h->answer.len > 9;
            h->head_len = (size_t)(end - h->answer.data) + 4;
            h->status = known ? strtol(h->answer.data + 9, NULL, 10) : 0;
        } else if (n == 0 || h->answer.len > ANSWER_MAX) {
            return err_set(e, ERR_IO, "%.100s did not answer as an HTTP server does", h->url);
        }
    }
    return 0;
}

/* The value of a header, malloc'd; NULL: it is not there. */
static char *header_of(const struct handshake *h, const char *name)
{
    size_t len = strlen(name);
    const char *end = h->answer.data + h->head_len;
    for (const char *line = h->answer.data; line && line < end; line = strstr(line, "\r\n")) {
        line += strncmp(line, "\r\n", 2) == 0 ? 2 : 0;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            const char *value = line + len + 1 + strspn(line + len + 1, " \t");
            return xstrndup(value, strcspn(value, " \t\r\n"));
        }
        if (strncmp(line, "\r\n", 2) == 0) {
            break;
        }
    }
    return NULL;
}

/* The server has understood what was asked, and is no cache on the way. */
static bool is_accepted(const struct handshake *h)
{
    unsigned char hash[SHA1_BYTES];
    AUTO(buf_done) struct buf wanted = {0};
    AUTO(mem_freep) char *text = xasprintf("%s" GUID, h->key.data);
    AUTO(mem_freep) char *given = header_of(h, "Sec-WebSocket-Accept");
    if (!given || !EVP_Digest(text, strlen(text), hash, NULL, EVP_sha1(), NULL)) {
        return false;
    }
    base64_encode(hash, sizeof(hash), &wanted);
    return strcmp(wanted.data, given) == 0;
}

/* Any other answer than 101: its body says why. */
static int refused(struct handshake *h, const struct remote *remote, struct err *e)
{
    AUTO(remote_json_freep) json_t *answer = NULL;
    AUTO(mem_freep) char *length = header_of(h, "Content-Length");
    size_t body = length ? strtoul(length, NULL, 10) : 0;
    size_t whole = h->head_len + (body < ANSWER_MAX ? body : ANSWER_MAX);
    size_t n = 1;
    struct err ignored;
    while (h->answer.len < whole && n > 0 && receive(h, &n, &ignored) == 0) {
    }
    answer = json_loadb(h->answer.data + h->head_len, h->answer.len - h->head_len, 0, NULL);
    return remote_refusal(remote, h->status, answer, e);
}

int ws_handshake(CURL *curl, const struct remote *remote, const char *url, struct buf *ret_early,
                 struct err *e)
{
    AUTO(handshake_done)
    struct handshake h = {
        .curl = curl, .url = url, .deadline_ns = clock_mono_ns(&clock_system) + DEADLINE_NS};
    AUTO(buf_done) struct buf request = {0};
    int r = request_make(&h, remote, &request, e);
    if (r == 0) {
        r = send_all(&h, &request, e);
    }
    if (r == 0) {
        r = head_read(&h, e);
    }
    if (r < 0) {
        return r;
    }
    if (h.status != 101) {
        return refused(&h, remote, e);
    }
    if (!is_accepted(&h)) {
        return err_set(e, ERR_IO, "%.100s accepted a WebSocket without understanding it", url);
    }
    buf_add(ret_early, h.answer.data + h.head_len, h.answer.len - h.head_len);
    return 0;
}
