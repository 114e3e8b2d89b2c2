/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/fetch_transfer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/strv.h"

#define CONNECT_MAX_S 20L
#define SILENCE_MAX_S 60L
#define HURRIED_MAX_S 10L
#define REDIRECTS_MAX 10L
#define TRIES_MAX     5
#define WAIT_FIRST_MS 250
#define WAIT_MAX_S    30                     /* whatever Retry-After says */
#define GAIN_BYTES    ((uint64_t)256 * 1024) /* a try that brought these is no failed one */
#define SHOWN_URL     44
#define HTTP_OK       200
#define HTTP_NO_RANGE 416
#define USER_AGENT    "belljar/" BELLJAR_VERSION

uint64_t fetch_transfer_have(const struct fetch_transfer *t)
{
    return t->text ? t->text->len : t->file.have;
}

static int restart(struct fetch_transfer *t, struct err *e)
{
    if (t->text) {
        buf_clear(t->text);
        return 0;
    }
    return fetch_file_restart(&t->file, e);
}

/* --- one try ------------------------------------------------------------------------------- */

static long status_of(const struct fetch_transfer *t)
{
    long status = 0; /* file:// has none */
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static int add(struct fetch_transfer *t, const char *data, size_t len, struct err *e)
{
    /* The server did not care for the range: it begins at the beginning. */
    if (!t->heard && t->begun_at > 0 && status_of(t) == HTTP_OK) {
        int r = restart(t, e);
        if (r < 0) {
            return r;
        }
        t->begun_at = 0;
    }
    t->heard = true;
    if (len > t->max_bytes - fetch_transfer_have(t)) {
        return err_set(e, ERR_LIMIT, "it is larger than %" PRIu64 " bytes", t->max_bytes);
    }
    if (t->text) {
        buf_add(t->text, data, len);
        return 0;
    }
    return fetch_file_add(&t->file, data, len, e);
}

/* Another number than `one * count` ends the transfer. */
static size_t on_body(char *data, size_t one, size_t count, void *ctx)
{
    struct fetch_transfer *t = ctx;
    return add(t, data, one * count, &t->failure) < 0 ? CURL_WRITEFUNC_ERROR : one * count;
}

int fetch_transfer_init(struct fetch_transfer *t, struct err *e)
{
    t->easy = curl_easy_init();
    if (!t->easy) {
        return err_set(e, ERR_IO, "libcurl could not be set up");
    }
    curl_easy_setopt(t->easy, CURLOPT_URL, t->url);
    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
    curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->curl_error);
    curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->easy, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(t->easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(t->easy, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
    curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https,file");
    curl_easy_setopt(t->easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT, CONNECT_MAX_S);
    curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_TIME, SILENCE_MAX_S);
    curl_easy_setopt(t->easy, CURLOPT_TIMEOUT, t->hurried ? HURRIED_MAX_S : 0L);
    curl_easy_setopt(t->easy, CURLOPT_USERAGENT, USER_AGENT);
    curl_easy_setopt(t->easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    return 0;
}

void fetch_transfer_done(struct fetch_transfer *t)
{
    curl_easy_cleanup(t->easy);
    t->easy = NULL;
    fetch_file_close(&t->file);
}

void fetch_transfer_begin(struct fetch_transfer *t)
{
    char range[32];
    t->begun_at = fetch_transfer_have(t);
    t->heard = false;
    t->failure = (struct err){0};
    t->curl_error[0] = '\0';
    snprintf(range, sizeof(range), "%" PRIu64 "-", t->begun_at);
    curl_easy_setopt(t->easy, CURLOPT_RANGE, t->begun_at > 0 ? range : NULL);
}

/* --- what became of it --------------------------------------------------------------------- */

static int wrapped(const struct fetch_transfer *t, struct err *e)
{
    /* Its end says which one; what is wrong with it must have room. */
    size_t len = strlen(t->url), skip = len > SHOWN_URL ? len - SHOWN_URL : 0;
    return err_wrap(e, "%s%s", skip > 0 ? "..." : "", t->url + skip);
}

/* The file is gone on with by nobody: its bytes are of no use. */
static int refuse(struct fetch_transfer *t, struct err *e)
{
    fetch_file_drop(&t->file, &t->digest);
    return wrapped(t, e);
}

static uint64_t wait_ns(const struct fetch_transfer *t)
{
    curl_off_t asked_s = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &asked_s);
    if (asked_s > 0) {
        return (uint64_t)(asked_s < WAIT_MAX_S ? asked_s : WAIT_MAX_S) * NS_PER_S;
    }
    return (WAIT_FIRST_MS * NS_PER_MS) << (t->tries > 0 ? t->tries - 1 : 0);
}

/* 1, or the error that is in `e` when it was tried often enough. */
static int try_again(struct fetch_transfer *t, struct err *e)
{
    uint64_t have = fetch_transfer_have(t);
    t->tries = have >= t->begun_at + GAIN_BYTES ? 0 : t->tries + 1;
    if (t->tries >= TRIES_MAX || t->hurried) {
        return wrapped(t, e);
    }
    if (t->text) {
        buf_clear(t->text);
    }
    t->not_before_ns = clock_mono_ns(&clock_system) + wait_ns(t);
    return 1;
}

/* What was there before may have been of another file: it is got whole once more. */
static int end_whole(struct fetch_transfer *t, struct err *e)
{
    if (t->text) {
        return 0;
    }
    int r = fetch_digest_check(&t->digest, t->file.fd, e);
    if (r == 0) {
        return fetch_file_keep(&t->file, &t->digest, e);
    }
    if (t->begun_at == 0 || r != -ERR_INVALID) {
        return refuse(t, e);
    }
    r = fetch_file_restart(&t->file, e);
    if (r < 0) {
        return wrapped(t, e);
    }
    t->tries++;
    t->not_before_ns = 0;
    return t->tries < TRIES_MAX ? 1 : refuse(t, e);
}

static const struct status_rule {
    long status;
    bool again;
    enum err_kind kind;
    const char *why;
} status_rules[] = {
    {401, false, ERR_DENIED, "the server wants a login"},
    {403, false, ERR_DENIED, "the server refuses it"},
    {404, false, ERR_NOT_FOUND, "the server does not have it (any more)"},
    {408, true, ERR_IO, "the server waited too long for us"},
    {410, false, ERR_NOT_FOUND, "the server does not have it any more"},
    {425, true, ERR_IO, "the server is not ready"},
    {429, true, ERR_IO, "the server has had too many requests from here"},
};

static int end_status(struct fetch_transfer *t, long status, struct err *e)
{
    struct status_rule rule = {status, status >= 500, ERR_IO, "the server could not do it"};
    for (size_t i = 0; i < ARRAY_LEN(status_rules); i++) {
        if (status_rules[i].status == status) {
            rule = status_rules[i];
        }
    }
    err_set(e, rule.kind, "status %ld, %s", status, rule.why);
    return rule.again ? try_again(t, e) : wrapped(t, e);
}

static bool may_help(CURLcode code)
{
    static const CURLcode codes[] = {
        CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY,
        CURLE_COULDNT_CONNECT,      CURLE_PARTIAL_FILE,
        CURLE_OPERATION_TIMEDOUT,   CURLE_GOT_NOTHING,
        CURLE_SEND_ERROR,           CURLE_RECV_ERROR,
        CURLE_SSL_CONNECT_ERROR,    CURLE_HTTP2,
        CURLE_HTTP2_STREAM,         CURLE_WEIRD_SERVER_REPLY,
    };
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (codes[i] == code) {
            return true;
        }
    }
    return false;
}

static enum err_kind kind_of(CURLcode code)
{
    if (code == CURLE_FILE_COULDNT_READ_FILE) {
        return ERR_NOT_FOUND;
    }
    return code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL ? ERR_INVALID : ERR_IO;
}

int fetch_transfer_end(struct fetch_transfer *t, CURLcode code, struct err *e)
{
    if (t->failure.kind != 0) {
        *e = t->failure;
        return e->kind == ERR_LIMIT ? refuse(t, e) : wrapped(t, e);
    }
    long status = status_of(t);
    bool no_range =
        status == HTTP_NO_RANGE || code == CURLE_RANGE_ERROR || code == CURLE_BAD_DOWNLOAD_RESUME;
    if (code == CURLE_OK || (no_range && t->begun_at > 0)) {
        return end_whole(t, e);
    }
    if (code == CURLE_HTTP_RETURNED_ERROR) {
        return end_status(t, status, e);
    }
    err_set(e, kind_of(code), "%.120s",
            t->curl_error[0] != '\0' ? t->curl_error : curl_easy_strerror(code));
    return may_help(code) ? try_again(t, e) : wrapped(t, e);
}
