/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client_hop.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "client/client_multi.h"
#include "client/client_policy.h"
#include "client/client_url.h"

#define ANSWER_MAX        (64L * 1024) /* head and body; what comes after is not read */
#define CONNECT_MAX_MS    10000
#define STATUS_FINAL_FROM 200

struct client_hop {
    struct client_multi *multi;
    const struct client_policy *policy;
    const struct client_url *url;
    struct client_transfer transfer;
    bool under_way;
    struct curl_slist *headers;
    char curl_error[CURL_ERROR_SIZE];
    bool name_allowed;
    bool socket_made;   /* an address was fine */
    struct err refusal; /* of another */
    size_t heard;
    bool head_whole; /* of the answer that counts, and not of a 1xx */
    client_hop_fn *fn;
    void *ctx;
};

/* Each address of the name comes through here just before it is connected to. */
static curl_socket_t on_open(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct client_hop *h = ctx;
    (void)purpose;

    if (!h->name_allowed && client_policy_check(h->policy, &address->addr, &h->refusal) < 0) {
        return CURL_SOCKET_BAD;
    }
    h->socket_made = true;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* 0 ends the transfer. */
static size_t hear(struct client_hop *h, size_t len)
{
    h->heard += len;
    return h->heard <= ANSWER_MAX ? len : 0;
}

static size_t on_body(char *data, size_t one, size_t count, void *ctx)
{
    (void)data;
    return hear(ctx, one * count);
}

static size_t on_head(char *line, size_t one, size_t count, void *ctx)
{
    struct client_hop *h = ctx;
    size_t len = one * count;

    if (len <= 2 && (line[0] == '\r' || line[0] == '\n')) {
        long status = 0;
        curl_easy_getinfo(h->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
        h->head_whole = status >= STATUS_FINAL_FROM;
    }
    return hear(h, len);
}

static void failure_tell(const struct client_hop *h, CURLcode code, struct err *e)
{
    if (h->refusal.kind != 0 && !h->socket_made) {
        *e = h->refusal;
        err_wrap(e, "%.100s", h->url->host);
    } else {
        err_set(e, code == CURLE_URL_MALFORMAT ? ERR_INVALID : ERR_IO, "%.100s: %.100s",
                h->url->host, h->curl_error[0] ? h->curl_error : curl_easy_strerror(code));
    }
}

static void on_ended(void *ctx, CURLcode code)
{
    struct client_hop *h = ctx;
    h->under_way = false;

    struct client_hop_answer answer = {0};
    if (h->head_whole) { /* whatever became of its body */
        long status = 0;
        char *redirect = NULL;
        curl_off_t retry_after = 0;
        curl_easy_getinfo(h->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(h->transfer.easy, CURLINFO_REDIRECT_URL, &redirect);
        curl_easy_getinfo(h->transfer.easy, CURLINFO_RETRY_AFTER, &retry_after);
        answer.status = (unsigned)status;
        answer.redirect = redirect;
        answer.retry_after_s = retry_after > 0 ? (uint64_t)retry_after : 0;
    } else {
        failure_tell(h, code, &answer.err);
    }
    h->fn(h->ctx, &answer);
}

static bool headers_have(char *const *headers, const char *name)
{
    size_t len = strlen(name);
    for (; headers && *headers; headers++) {
        if (strncasecmp(*headers, name, len) == 0 && (*headers)[len] == ':') {
            return true;
        }
    }
    return false;
}

static void header_add(struct client_hop *h, const char *line)
{
    struct curl_slist *more = curl_slist_append(h->headers, line);
    if (!more) {
        abort(); /* no memory, as in base/mem */
    }
    h->headers = more;
}

/* A name without a value takes libcurl's own header away. */
static void headers_set(struct client_hop *h, const struct client_hop_request *r)
{
    header_add(h, "Expect:");
    if (!headers_have(r->headers, "Content-Type")) {
        header_add(h, "Content-Type:");
    }
    for (char *const *header = r->headers; header && *header; header++) {
        header_add(h, *header);
    }
    curl_easy_setopt(h->transfer.easy, CURLOPT_HTTPHEADER, h->headers);
}

static void method_set(CURL *easy, const struct client_hop_request *r)
{
    if (strcmp(r->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (strcmp(r->method, "GET") != 0 || r->body_len > 0) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, r->body_len > 0 ? r->body : "");
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, r->method);
    }
}

/*
 * Without QUICK_EXIT a transfer that ends while its name is looked up waits for that, and the loop
 * with it; with it the thread is left alone and frees what it has when it is done.  A connection
 * that was used again would pass by on_open.
 */
static void rules_set(struct client_hop *h, uint64_t timeout_ms)
{
    CURL *easy = h->transfer.easy;
    uint64_t connect_ms = timeout_ms < CONNECT_MAX_MS ? timeout_ms : CONNECT_MAX_MS;
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
}

static void callbacks_set(struct client_hop *h)
{
    CURL *easy = h->transfer.easy;
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, h->curl_error);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, h);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, h);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, h);
}

static void hop_freep(struct client_hop **h)
{
    client_hop_free(*h);
    *h = NULL;
}

int client_hop_new(struct client_multi *multi, const struct client_policy *policy,
                   const struct client_hop_request *r, client_hop_fn *fn, void *ctx,
                   struct client_hop **ret, struct err *e)
{
    AUTO(hop_freep) struct client_hop *h = xcalloc(1, sizeof(*h));
    h->multi = multi;
    h->policy = policy;
    h->url = r->url;
    h->name_allowed = client_policy_allows_name(policy, r->url->host);
    h->fn = fn;
    h->ctx = ctx;
    h->transfer = (struct client_transfer){curl_easy_init(), on_ended, h};
    if (!h->transfer.easy ||
        curl_easy_setopt(h->transfer.easy, CURLOPT_CURLU, r->url->parsed) != CURLE_OK) {
        return err_set(e, ERR_IO, "libcurl could not be set up");
    }
    rules_set(h, r->timeout_ms);
    callbacks_set(h);
    method_set(h->transfer.easy, r);
    headers_set(h, r);
    int rc = client_multi_add(multi, &h->transfer, e);
    if (rc < 0) {
        return rc;
    }
    h->under_way = true;
    *ret = TAKE(&h, NULL);
    return 0;
}

void client_hop_free(struct client_hop *h)
{
    if (!h) {
        return;
    }
    if (h->under_way) {
        client_multi_remove(h->multi, &h->transfer);
    }
    curl_easy_cleanup(h->transfer.easy);
    curl_slist_free_all(h->headers);
    free(h);
}
