/* SPDX-License-Identifier: Apache-2.0 */
/* The pages of web/, with what they cannot know put in. */
#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "api/common.h"
#include "api/embedded.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/rand.h"
#include "http/http.h"

#define NONCE_BYTES 16
#define ROUTES_MARK "<!-- ROUTES -->"

struct slot {
    const char *mark, *text;
};

static const struct slot *slot_at(const char *p, const struct slot *slots, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strncmp(p, slots[i].mark, strlen(slots[i].mark)) == 0) {
            return &slots[i];
        }
    }
    return NULL;
}

static void page_fill(struct buf *ret, const char *page, const struct slot *slots, size_t count)
{
    while (*page) {
        const struct slot *slot = slot_at(page, slots, count);
        if (slot) {
            buf_add_str(ret, slot->text);
            page += strlen(slot->mark);
        } else {
            size_t len = 1 + strcspn(page + 1, "@<");
            buf_add(ret, page, len);
            page += len;
        }
    }
}

static void text_add(struct buf *ret, const char *text)
{
    for (; *text; text++) {
        if (strchr("<>&\"'", *text)) {
            buf_add_fmt(ret, "&#%d;", *text);
        } else {
            buf_add_char(ret, *text);
        }
    }
}

/* --- the list, for those without scripts --------------------------------------------------- */

static const char *method_of(const struct http_route *route)
{
    static const struct {
        unsigned method;
        const char *name;
    } methods[] = {
        {HTTP_GET, "GET"}, {HTTP_POST, "POST"}, {HTTP_PUT, "PUT"}, {HTTP_DELETE, "DELETE"}};
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (route->method & methods[i].method) {
            return methods[i].name;
        }
    }
    return "PATCH";
}

static void dialect_add(struct buf *ret, const struct http_dialect *d)
{
    buf_add_fmt(ret, "<section><h2>%s</h2><ul class=\"routes\">\n", d->name);
    for (size_t i = 0; i < d->route_count; i++) {
        buf_add_fmt(ret, "<li><code>%s ", method_of(&d->routes[i]));
        text_add(ret, d->routes[i].path);
        buf_add_str(ret, "</code> ");
        text_add(ret, d->routes[i].summary);
        buf_add_str(ret, "</li>\n");
    }
    buf_add_str(ret, "</ul></section>\n");
}

/* --- answers ------------------------------------------------------------------------------- */

static void nonce_make(char ret[2 * NONCE_BYTES + 1])
{
    unsigned char bytes[NONCE_BYTES];
    rand_bytes(bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
    }
}

/* Nothing may be loaded from anywhere, and nothing run but what has this answer's nonce. */
static void headers_add(struct http_request *r, const char *nonce)
{
    AUTO(buf_done) struct buf policy = {0};
    buf_add_fmt(&policy,
                "default-src 'none'; script-src 'nonce-%s'; style-src 'nonce-%s'; connect-src "
                "'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors "
                "'none'",
                nonce, nonce);
    http_add_header(r, "Content-Security-Policy", policy.data);
    http_add_header(r, "Referrer-Policy", "no-referrer");
    http_add_header(r, "Cache-Control", "no-store");
}

static void page_respond(struct http_request *r, const char *page, const char *routes)
{
    char nonce[2 * NONCE_BYTES + 1];
    struct buf text = {0};
    AUTO(buf_done) struct buf host = {0};
    nonce_make(nonce);
    buf_add_str(&host, "http://");
    text_add(&host, http_header(r, "Host") ? http_header(r, "Host") : "127.0.0.1:2358");
    const struct slot slots[] = {
        {"@NONCE@", nonce},
        {"@VERSION@", BELLJAR_VERSION},
        {"@ORIGIN@", host.data},
        {ROUTES_MARK, routes},
    };
    page_fill(&text, page, slots, ARRAY_LEN(slots));
    headers_add(r, nonce);
    size_t len = text.len;
    http_respond(r, 200, "text/html; charset=utf-8", buf_take(&text), len);
}

void home_respond(struct http_request *r)
{
    page_respond(r, HOME_PAGE, "");
}

void docs_show(struct http_request *r, void *ctx)
{
    const struct common *c = ctx;
    AUTO(buf_done) struct buf routes = {0};
    buf_add_str(&routes, "");
    for (size_t i = 0; i < c->api->dialect_count; i++) {
        dialect_add(&routes, c->api->dialects[i]);
    }
    page_respond(r, DOCS_PAGE, routes.data);
}
