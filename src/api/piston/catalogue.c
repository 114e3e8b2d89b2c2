/* SPDX-License-Identifier: Apache-2.0 */
/* The runtimes that there are. */
#include <stdlib.h>

#include "api/json.h"
#include "api/piston/piston.h"
#include "base/mem.h"
#include "http/http.h"
#include "model/runtime.h"
#include "runtimes/runtimes.h"

/* A request that waits for the list. */
struct listing {
    struct http_request *request;
    struct runtimes_wait *wait;
    void (*answer)(struct listing *l, struct runtime *const *all, size_t count);
};

static void on_gone(void *ctx)
{
    struct listing *l = ctx;
    runtimes_cancel(l->wait);
    free(l);
}

static void on_listed(void *ctx, struct runtime *const *all, size_t count)
{
    struct listing *l = ctx;
    l->wait = NULL;
    l->answer(l, all, count);
    free(l);
}

static void listing_begin(struct http_request *r, struct piston *p,
                          void (*answer)(struct listing *l, struct runtime *const *all,
                                         size_t count))
{
    struct listing *l = xcalloc(1, sizeof(*l));
    l->request = r;
    l->answer = answer;
    http_on_gone(r, on_gone, l);
    l->wait = runtimes_list(p->api->runtimes, on_listed, l);
}

static json_t *runtime_v1(const struct runtime *rt)
{
    return json_pack("{s:s,s:s,s:o}", "language", rt->language, "version", rt->version, "aliases",
                     json_strv(rt->aliases));
}

static json_t *runtime_v2(const struct runtime *rt)
{
    json_t *o = runtime_v1(rt);
    if (rt->package != NULL) {
        json_object_set_new(o, "runtime", json_string(rt->package));
    }
    return o;
}

static json_t *runtime_gateway(const struct runtime *rt)
{
    return json_pack("{s:s,s:o,s:s}", "name", rt->language, "aliases", json_strv(rt->aliases),
                     "version", rt->version);
}

static void answer_all(struct listing *l, struct runtime *const *all, size_t count,
                       json_t *(*one)(const struct runtime *rt))
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list, one(all[i]));
    }
    json_respond(l->request, 200, list);
}

static void answer_v2(struct listing *l, struct runtime *const *all, size_t count)
{
    answer_all(l, all, count, runtime_v2);
}

static void answer_v1(struct listing *l, struct runtime *const *all, size_t count)
{
    answer_all(l, all, count, runtime_v1);
}

static void answer_gateway(struct listing *l, struct runtime *const *all, size_t count)
{
    answer_all(l, all, count, runtime_gateway);
}

void runtimes_v2(struct http_request *r, void *ctx)
{
    listing_begin(r, ctx, answer_v2);
}

void runtimes_v1(struct http_request *r, void *ctx)
{
    listing_begin(r, ctx, answer_v1);
}

void versions_gateway(struct http_request *r, void *ctx)
{
    listing_begin(r, ctx, answer_gateway);
}
