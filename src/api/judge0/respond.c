/* SPDX-License-Identifier: Apache-2.0 */
/* Answers with the headers, the escapes and the errors of Rails. */
#include <stdio.h>
#include <string.h>

#include "api/json.h"
#include "api/judge0/judge0.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "http/http.h"

#define JSON_TYPE "application/json; charset=utf-8"

void judge0_answer(struct http_request *r, unsigned status, const char *content_type, char *body,
                   size_t len)
{
    char seconds[32];
    snprintf(seconds, sizeof(seconds), "%.6f", (double)http_age_ns(r) / (double)NS_PER_S);
    http_add_header(r, "X-Runtime", seconds);
    bool fresh = status == 200 || status == 201;
    http_add_header(r, "Cache-Control", fresh ? "max-age=0, private, must-revalidate" : "no-cache");
    http_respond(r, status, content_type, body, len);
}

void judge0_respond_text(struct http_request *r, unsigned status, struct buf *text)
{
    size_t len = text->len;
    judge0_answer(r, status, JSON_TYPE, buf_take(text), len);
}

/* What JSON text has of these stands in its strings: HTML may be made around it, or JavaScript. */
static void escape_text(const char *text, size_t len, struct buf *ret)
{
    size_t done = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        bool html = c == '<' || c == '>' || c == '&';
        bool line_end = c == 0xe2 && i + 2 < len && (unsigned char)text[i + 1] == 0x80 &&
                        ((unsigned char)text[i + 2] & 0xfe) == 0xa8;
        if (html || line_end) {
            buf_add(ret, text + done, i - done);
            buf_add_fmt(ret, "\\u%04x", html ? c : 0x2000 | ((unsigned char)text[i + 2] & 0x3f));
            i += line_end ? 2 : 0;
            done = i + 1;
        }
    }
    buf_add(ret, text + done, len - done);
}

void judge0_respond(struct http_request *r, unsigned status, json_t *value)
{
    AUTO(buf_done) struct buf text = {0};
    AUTO(mem_freep)
    char *plain = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    json_decref(value);
    escape_text(plain, strlen(plain), &text);
    judge0_respond_text(r, status, &text);
}

void judge0_respond_empty(struct http_request *r, unsigned status)
{
    judge0_answer(r, status, "text/html", NULL, 0);
}

void judge0_respond_error(struct http_request *r, unsigned status, const char *text)
{
    judge0_respond(r, status, json_pack("{s:o}", "error", json_repaired(text, strlen(text))));
}

void judge0_respond_refusal(struct http_request *r, const struct err *e)
{
    const char *text = strcmp(e->text, "the queue is full") == 0 ? "queue is full" : e->text;
    http_add_header(r, "Retry-After", "1");
    judge0_respond_error(r, 503, text);
}

void judge0_respond_status(struct http_request *r, unsigned status)
{
    static const struct {
        unsigned status;
        const char *text;
    } table[] = {{400, "Bad Request"}, {404, "Not Found"}, {500, "Internal Server Error"}};
    const char *text = "Error";
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        text = table[i].status == status ? table[i].text : text;
    }
    char *body = xasprintf("{\"status\":%u,\"error\":\"%s\"}", status, text);
    judge0_answer(r, status, "application/json; charset=UTF-8", body, strlen(body));
}

void judge0_refuse(struct http_request *r, unsigned status, const char *text)
{
    if (status == 404 || status == 405) {
        judge0_respond_status(r, 404);
    } else {
        judge0_respond_error(r, status, text);
    }
}
