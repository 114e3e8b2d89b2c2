/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/remote.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/remote_curl.h"

#define CONNECT_TIMEOUT_S 10L
/* A server that is gone without a word is noticed within a minute. */
#define KEEP_ALIVE_S 15L
#define REFUSAL_MAX  ((size_t)1 << 20)
#define DENIAL_TEXT  160 /* of it, so that our remedy has room too */

void remote_json_freep(json_t **json)
{
    json_decref(*json);
    *json = NULL;
}

void remote_easy_freep(CURL **curl)
{
    curl_easy_cleanup(*curl);
    *curl = NULL;
}

static void headers_freep(struct curl_slist **headers)
{
    curl_slist_free_all(*headers);
    *headers = NULL;
}

/* --- one request ------------------------------------------------------------------------------ */

int remote_url(const struct remote *r, const char *path, char **ret, struct err *e)
{
    size_t len = strlen(r->url);
    if (strncasecmp(r->url, "http://", 7) != 0 && strncasecmp(r->url, "https://", 8) != 0) {
        return err_set(e, ERR_INVALID, "'%.100s' is no URL of a server; write http://HOST:PORT",
                       r->url);
    }
    while (len > 0 && r->url[len - 1] == '/') {
        len--;
    }
    *ret = xasprintf("%.*s%s", (int)len, r->url, path);
    return 0;
}

char *remote_authorization(const struct remote *r)
{
    return r->key ? xasprintf("Authorization: %s%s", r->key_alone ? "" : "Bearer ", r->key) : NULL;
}

int remote_easy(const char *url, CURL **ret, struct err *e)
{
    CURL *curl = curl_easy_init();
    if (!curl) {
        return err_set(e, ERR_IO, "libcurl could not be set up");
    }
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "belljar/" BELLJAR_VERSION);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPIDLE, KEEP_ALIVE_S);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPINTVL, KEEP_ALIVE_S);
    *ret = curl;
    return 0;
}

int remote_failure(CURLcode code, const char *method, const char *url, struct err *e)
{
    const char *advice = code == CURLE_COULDNT_CONNECT
                             ? "; is a server listening there? 'belljar serve' starts one"
                         : code == CURLE_COULDNT_RESOLVE_HOST ? "; check the name of the host"
                         : code == CURLE_WRITE_ERROR          ? "; the answer is too large"
                                                              : "";
    return err_set(e, ERR_IO, "%s %.120s: %s%s", method, url, curl_easy_strerror(code), advice);
}

static void header_add(struct curl_slist **headers, const char *header)
{
    struct curl_slist *more = header ? curl_slist_append(*headers, header) : NULL;
    *headers = more ? more : *headers;
}

static struct curl_slist *headers_make(const struct remote *r, const char *more)
{
    AUTO(mem_freep) char *key = remote_authorization(r);
    struct curl_slist *headers = NULL;
    /* Piston's own client sends the type with every request, and its server wants it with DELETE.
     */
    header_add(&headers, "Content-Type: application/json");
    header_add(&headers, key);
    header_add(&headers, more);
    return headers;
}

static json_t *json_of(const struct buf *text)
{
    return json_loadb(text->len ? text->data : "", text->len, JSON_ALLOW_NUL | JSON_DECODE_ANY,
                      NULL);
}

static size_t answer_add(char *data, size_t one, size_t count, void *ctx)
{
    struct buf *answer = ctx;
    if (answer->len + count > REMOTE_ANSWER_MAX) {
        return 0;
    }
    buf_add(answer, data, count);
    return one * count;
}

int remote_call(const struct remote *r, const char *method, const char *path, const json_t *body,
                long *ret_status, json_t **ret_answer, struct err *e)
{
    AUTO(mem_freep) char *url = NULL;
    AUTO(mem_freep) char *text = NULL;
    AUTO(buf_done) struct buf answer = {0};
    AUTO(headers_freep) struct curl_slist *headers = headers_make(r, NULL);
    AUTO(remote_easy_freep) CURL *curl = NULL;
    int result = remote_url(r, path, &url, e);
    if (result == 0) {
        result = remote_easy(url, &curl, e);
    }
    if (result < 0) {
        return result;
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, answer_add);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    if (body) {
        text = json_dumps(body, JSON_COMPACT);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(text));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text);
    }
    CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK) {
        return remote_failure(code, method, url, e);
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
    *ret_answer = json_of(&answer);
    return 0;
}

/* --- an answer that comes bit by bit ---------------------------------------------------------- */

struct follow {
    const struct remote_stream *stream;
    CURL *curl;
    struct buf refusal;
    bool ended; /* by `take` */
};

static void follow_done(struct follow *f)
{
    buf_done(&f->refusal);
    remote_easy_freep(&f->curl);
}

static size_t follow_add(char *data, size_t one, size_t count, void *ctx)
{
    struct follow *f = ctx;
    long status = 0;
    curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) {
        buf_add(&f->refusal, data, f->refusal.len + count < REFUSAL_MAX ? count : 0);
        return one * count;
    }
    f->ended = !f->stream->take(f->stream->ctx, data, count);
    return f->ended ? 0 : one * count;
}

int remote_follow(const struct remote *r, const struct remote_stream *s, long *ret_status,
                  json_t **ret_answer, struct err *e)
{
    AUTO(mem_freep) char *url = NULL;
    AUTO(follow_done) struct follow f = {.stream = s};
    AUTO(headers_freep) struct curl_slist *headers = headers_make(r, s->header);
    int result = remote_url(r, s->path, &url, e);
    if (result == 0) {
        result = remote_easy(url, &f.curl, e);
    }
    if (result < 0) {
        return result;
    }
    curl_easy_setopt(f.curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(f.curl, CURLOPT_WRITEFUNCTION, follow_add);
    curl_easy_setopt(f.curl, CURLOPT_WRITEDATA, &f);
    CURLcode code = curl_easy_perform(f.curl);
    if (code != CURLE_OK && !f.ended) {
        return remote_failure(code, "GET", url, e);
    }
    curl_easy_getinfo(f.curl, CURLINFO_RESPONSE_CODE, ret_status);
    *ret_answer = json_of(&f.refusal);
    return 0;
}

/* --- what a server refuses -------------------------------------------------------------------- */

/* "limits.wall_ms: ...; files: ..." */
static void problems_add(const json_t *errors, struct buf *ret)
{
    size_t index;
    json_t *one;
    json_array_foreach(errors, index, one)
    {
        const char *path = json_string_value(json_object_get(one, "path"));
        const char *message = json_string_value(json_object_get(one, "message"));
        buf_add_fmt(ret, "%s%s%s%s", ret->len ? "; " : "", path ? path : "",
                    path && *path ? ": " : "", message ? message : "refused");
    }
}

static const char *message_of(const json_t *answer)
{
    static const char *const keys[] = {"message", "detail", "error", "title"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const char *text = json_string_value(json_object_get(answer, keys[i]));
        if (text) {
            return text;
        }
    }
    return NULL;
}

static const char *remedy_of(const struct remote *r, long status)
{
    if (status == 401 || status == 403) {
        return r->key ? "; is the key the right one?"
                      : "; give a key with --key-file or BELLJAR_KEY";
    }
    return status == 404 ? "; is that a Piston or belljar server?" : "";
}

int remote_refusal(const struct remote *r, long status, const json_t *answer, struct err *e)
{
    AUTO(buf_done) struct buf problems = {0};
    problems_add(json_object_get(answer, "errors"), &problems);
    const char *message = problems.len ? problems.data : message_of(answer);
    if (message) {
        bool denied = status == 401 || status == 403;
        return err_set(e, status == 404 ? ERR_NOT_FOUND : ERR_INVALID, "%.*s%s",
                       denied ? DENIAL_TEXT : ERR_TEXT_MAX, message,
                       denied ? remedy_of(r, status) : "");
    }
    return err_set(e, ERR_IO, "%.100s answered with status %ld%s", r->url, status,
                   remedy_of(r, status));
}
