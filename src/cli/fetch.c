/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fetch.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/remote.h"
#include "cli/remote_curl.h"
#include "client/client_multi.h"

#define ANSWER_MAX ((size_t)16 << 20)
#define TIMEOUT_S  10L

struct fetch {
    struct client_multi *multi;
    const struct remote *remote;
    struct client_transfer transfer;
    struct curl_slist *headers;
    char *url;
    struct buf body;
    bool busy;
    fetch_fn *fn;
    void *ctx;
};

static size_t fetch_add(char *data, size_t one, size_t count, void *ctx)
{
    struct fetch *f = ctx;
    if (f->body.len + count > ANSWER_MAX) {
        return 0;
    }
    buf_add(&f->body, data, count);
    return one * count;
}

static void fetch_on_done(void *ctx, CURLcode code)
{
    struct fetch *f = ctx;
    struct err e;
    long status = 0;
    f->busy = false;
    if (code != CURLE_OK) {
        remote_failure(code, "GET", f->url, &e);
        f->fn(f->ctx, NULL, &e);
        return;
    }
    AUTO(remote_json_freep)
    json_t *answer = json_loadb(f->body.len ? f->body.data : "", f->body.len, JSON_ALLOW_NUL, NULL);
    curl_easy_getinfo(f->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
    if (status == 200 && json_is_object(answer)) {
        f->fn(f->ctx, answer, NULL);
    } else {
        remote_refusal(f->remote, status, answer, &e);
        f->fn(f->ctx, NULL, &e);
    }
}

static void fetch_freep(struct fetch **f)
{
    fetch_free(*f);
    *f = NULL;
}

int fetch_new(struct client_multi *multi, const struct remote *remote, const char *path,
              fetch_fn *fn, void *ctx, struct fetch **ret, struct err *e)
{
    AUTO(fetch_freep) struct fetch *f = xcalloc(1, sizeof(*f));
    AUTO(mem_freep) char *key = remote_authorization(remote);
    f->multi = multi;
    f->remote = remote;
    f->fn = fn;
    f->ctx = ctx;
    int r = remote_url(remote, path, &f->url, e);
    if (r == 0) {
        r = remote_easy(f->url, &f->transfer.easy, e);
    }
    if (r < 0) {
        return r;
    }
    f->headers = key ? curl_slist_append(NULL, key) : NULL;
    f->transfer.fn = fetch_on_done;
    f->transfer.ctx = f;
    curl_easy_setopt(f->transfer.easy, CURLOPT_HTTPHEADER, f->headers);
    curl_easy_setopt(f->transfer.easy, CURLOPT_WRITEFUNCTION, fetch_add);
    curl_easy_setopt(f->transfer.easy, CURLOPT_WRITEDATA, f);
    curl_easy_setopt(f->transfer.easy, CURLOPT_TIMEOUT, TIMEOUT_S);
    *ret = TAKE(&f, NULL);
    return 0;
}

void fetch_start(struct fetch *f)
{
    struct err e;
    if (f->busy) {
        return;
    }
    buf_clear(&f->body);
    f->busy = client_multi_add(f->multi, &f->transfer, &e) == 0;
}

void fetch_free(struct fetch *f)
{
    if (!f) {
        return;
    }
    if (f->busy) {
        client_multi_remove(f->multi, &f->transfer);
    }
    curl_easy_cleanup(f->transfer.easy);
    curl_slist_free_all(f->headers);
    buf_done(&f->body);
    free(f->url);
    free(f);
}
