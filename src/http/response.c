/* SPDX-License-Identifier: Apache-2.0 */
#include "http/response.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/strv.h"
#include "http/peer.h"
#include "http/request.h"
#include "http/server.h"
#include "http/wire.h"

#define ETAG_MAX 48

void http_add_header(struct http_request *r, const char *name, const char *value)
{
    buf_add(&r->header_text, name, strlen(name) + 1);
    buf_add(&r->header_text, value, strlen(value) + 1);
}

/* FNV-1a: an ETag of our own answers needs no defence against collisions. */
static void etag_make(const char *body, size_t len, char ret[ETAG_MAX])
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ (unsigned char)body[i]) * UINT64_C(0x100000001b3);
    }
    snprintf(ret, ETAG_MAX, "W/\"%zx-%016lx\"", len, (unsigned long)hash);
}

/* One of the tags in "W/"a", "b"", compared weakly; "*" is any. */
static bool tag_listed(const char *list, const char *tag)
{
    size_t len = strlen(tag);
    while (*list != '\0') {
        list += strspn(list, " \t,");
        size_t span = strcspn(list, ",");
        while (span > 0 && (list[span - 1] == ' ' || list[span - 1] == '\t')) {
            span--;
        }
        bool weak_match = span + 2 == len && memcmp(list, tag + 2, span) == 0;
        if ((span == 1 && *list == '*') || weak_match ||
            (span == len && memcmp(list, tag, len) == 0)) {
            return true;
        }
        list += strcspn(list, ",");
    }
    return false;
}

/* As Express: a GET whose client has this very answer already gets 304 without a body. */
static void add_etag(struct http_request *r)
{
    struct request_answer *a = &r->answer;
    if (r->method != HTTP_GET || a->status != 200 || a->len == 0) {
        return;
    }
    char tag[ETAG_MAX];
    etag_make(a->body, a->len, tag);
    http_add_header(r, "ETag", tag);
    const char *known = http_header(r, "If-None-Match");
    const char *cache = http_header(r, "Cache-Control");
    bool reload = cache != NULL && strstr(cache, "no-cache") != NULL;
    if (known != NULL && !reload && tag_listed(known, tag)) {
        a->status =
            304; /* Content-Length stays that of the body, which is not sent (RFC 9110, 8.6) */
        mem_freep(&a->content_type);
    }
}

static void add_common_headers(struct http_request *r)
{
    http_add_header(r, "X-Request-Id", r->id);
    http_add_header(r, "X-Content-Type-Options", "nosniff");
    if (r->answer.content_type != NULL) {
        http_add_header(r, "Content-Type", r->answer.content_type);
    }
    if (r->server->quiesced && r->wire == NULL) {
        http_add_header(r, "Connection", "close");
    }
}

typedef void header_fn(void *ctx, const char *name, const char *value);

static void for_each_header(const struct http_request *r, header_fn *fn, void *ctx)
{
    const char *p = r->header_text.data, *end = p + r->header_text.len;
    while (p < end) {
        const char *value = p + strlen(p) + 1;
        fn(ctx, p, value);
        p = value + strlen(value) + 1;
    }
}

static void header_to_response(void *ctx, const char *name, const char *value)
{
    MHD_add_response_header(ctx, name, value);
}

static void header_to_text(void *ctx, const char *name, const char *value)
{
    buf_add_fmt(ctx, "%s: %s\r\n", name, value);
}

bool response_queue_with(struct http_request *r, struct MHD_Response *response)
{
    for_each_header(r, header_to_response, response);
    enum MHD_Result queued = MHD_queue_response(r->connection, r->answer.status, response);
    MHD_destroy_response(response);
    r->phase = REQUEST_ANSWERED;
    peer_expect_taking(r->peer);
    return queued == MHD_YES;
}

bool response_queue(struct http_request *r)
{
    struct request_answer *a = &r->answer;
    if (r->wire != NULL) {
        return takeover_queue(r);
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(a->len, a->body, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        return false;
    }
    a->body = NULL; /* the response owns it, even when it cannot be queued */
    return response_queue_with(r, response);
}

static void write_fields(const struct http_request *r, struct buf *ret)
{
    unsigned status = r->answer.status;
    buf_add_fmt(ret, "HTTP/1.1 %u %s\r\n", status, MHD_get_reason_phrase_for(status));
    for_each_header(r, header_to_text, ret);
}

void response_write_head(const struct http_request *r, struct buf *ret)
{
    write_fields(r, ret);
    buf_add_str(ret, "Connection: close\r\n\r\n");
}

void response_write(const struct http_request *r, struct buf *ret)
{
    const struct request_answer *a = &r->answer;
    write_fields(r, ret);
    if (!r->server->quiesced) {
        header_to_text(ret, "Connection", "close");
    }
    buf_add_fmt(ret, "Content-Length: %zu\r\n\r\n", a->len);
    if (strcmp(r->method_name, "HEAD") != 0) {
        buf_add(ret, a->body, a->len);
    }
}

void response_raw(unsigned status, const char *text, struct buf *ret)
{
    buf_add_fmt(ret,
                "HTTP/1.1 %u %s\r\nContent-Type: application/json; charset=utf-8\r\n"
                "Connection: close\r\nContent-Length: %zu\r\n\r\n{\"message\":\"%s\"}",
                status, MHD_get_reason_phrase_for(status),
                strlen(text) + strlen("{\"message\":\"\"}"), text);
}

#define ANSWERS_MAX  ((size_t)512 << 20)
#define ANSWER_SMALL ((size_t)64 << 10)

/* Small requests may ask for large answers, and read them slowly: all of them wait in memory. */
static bool has_room(const struct http_server *s, size_t len)
{
    return len <= ANSWER_SMALL || s->answer_bytes == 0 || s->answer_bytes + len <= ANSWERS_MAX;
}

/* In place of an answer, and of the headers that were its own. */
static void refuse_for_room(struct http_request *r)
{
    buf_clear(&r->header_text);
    http_add_header(r, "Retry-After", "1");
    request_refuse(r, 503, "too many large answers are being read: try again in a second");
}

void http_respond(struct http_request *r, unsigned status, const char *content_type, char *body,
                  size_t len)
{
    if (r->answer.given || r->phase == REQUEST_GONE) {
        free(body);
        return;
    }
    if (!has_room(r->server, len)) {
        free(body);
        refuse_for_room(r);
        return;
    }
    response_give(r, status, content_type, body, len);
}

void response_give(struct http_request *r, unsigned status, const char *content_type, char *body,
                   size_t len)
{
    r->answer = (struct request_answer){true, status, xstrdup(content_type), body, len};
    r->answered_ns = clock_mono_ns(&clock_system);
    r->server->answer_bytes += len;
    add_etag(r);
    add_common_headers(r);
    if (r->phase == REQUEST_WAITING) {
        struct http_server *s = r->server;
        struct MHD_Connection *connection = r->connection;
        if (!response_queue(r)) {
            peer_hang_up(r->peer);
        }
        MHD_resume_connection(connection);
        server_run_soon(s);
    } else {
        request_release(r);
    }
}
