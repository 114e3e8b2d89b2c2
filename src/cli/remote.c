/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/remote.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"

#define CONNECT_TIMEOUT_S 10L

void remote_json_freep(json_t **json)
{
    json_decref(*json);
    *json = NULL;
}

static void curl_freep(CURL **curl)
{
    curl_easy_cleanup(*curl);
    *curl = NULL;
}

static void headers_freep(struct curl_slist **headers)
{
    curl_slist_free_all(*headers);
    *headers = NULL;
}

static void text_freep(char **text)
{
    free(*text);
    *text = NULL;
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

static int url_make(const char *base, const char *path, char **ret, struct err *e)
{
    size_t len = strlen(base);
    if (strncasecmp(base, "http://", 7) != 0 && strncasecmp(base, "https://", 8) != 0) {
        return err_set(e, ERR_INVALID, "'%.100s' is no URL of a server; write http://HOST:PORT",
                       base);
    }
    while (len > 0 && base[len - 1] == '/') {
        len--;
    }
    *ret = xasprintf("%.*s%s", (int)len, base, path);
    return 0;
}

static void request_set(CURL *curl, const char *url, const char *method, struct curl_slist *headers,
                        struct buf *answer)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "belljar/" BELLJAR_VERSION);
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, answer_add);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
}

static int failure(CURLcode code, const char *method, const char *url, struct err *e)
{
    const char *advice = code == CURLE_COULDNT_CONNECT
                             ? "; is a server listening there? 'belljar serve' starts one"
                         : code == CURLE_COULDNT_RESOLVE_HOST ? "; check the name of the host"
                         : code == CURLE_WRITE_ERROR          ? "; the answer is too large"
                                                              : "";
    return err_set(e, ERR_IO, "%s %.120s: %s%s", method, url, curl_easy_strerror(code), advice);
}

int remote_call(const char *base, const char *method, const char *path, const json_t *body,
                long *ret_status, json_t **ret_answer, struct err *e)
{
    AUTO(text_freep) char *url = NULL;
    AUTO(text_freep) char *text = NULL;
    AUTO(buf_done) struct buf answer = {0};
    int r = url_make(base, path, &url, e);
    if (r < 0) {
        return r;
    }
    AUTO(curl_freep) CURL *curl = curl_easy_init();
    /* Piston's own client sends the type with every request, and its server wants it with DELETE.
     */
    AUTO(headers_freep)
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    if (!curl || !headers) {
        return err_set(e, ERR_IO, "libcurl could not be set up");
    }
    request_set(curl, url, method, headers, &answer);
    if (body) {
        text = json_dumps(body, JSON_COMPACT);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(text));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text);
    }
    CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK) {
        return failure(code, method, url, e);
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
    *ret_answer = json_loadb(answer.len ? answer.data : "", answer.len,
                             JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);
    return 0;
}

int remote_refusal(const char *base, long status, const json_t *answer, struct err *e)
{
    const char *message = json_string_value(json_object_get(answer, "message"));
    if (message) {
        return err_set(e, ERR_INVALID, "%s", message);
    }
    return err_set(e, ERR_IO, "%.100s answered with status %ld%s", base, status,
                   status == 404 ? "; is that a Piston or belljar server?" : "");
}
