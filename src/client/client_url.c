/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client_url.h"

#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/err.h"

static bool has_control(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        if (*p <= ' ' || *p == 0x7f) {
            return true;
        }
    }
    return false;
}

static int text_check(const char *text, struct err *e)
{
    if (strnlen(text, CLIENT_URL_MAX + 1) > CLIENT_URL_MAX) {
        return err_set(e, ERR_INVALID, "the URL is longer than %d bytes", CLIENT_URL_MAX);
    }
    if (has_control(text)) {
        return err_set(e, ERR_INVALID, "the URL holds a control character or a blank");
    }
    return 0;
}

static int parts_get(struct client_url *url, struct err *e)
{
    CURLUcode code = curl_url_get(url->parsed, CURLUPART_SCHEME, &url->scheme, 0);
    if (code == CURLUE_OK && strcmp(url->scheme, "http") != 0 &&
        strcmp(url->scheme, "https") != 0) {
        return err_set(e, ERR_INVALID,
                       "the URL begins with %.20s:, and not with http:// or https://", url->scheme);
    }
    if (code == CURLUE_OK) {
        code = curl_url_get(url->parsed, CURLUPART_HOST, &url->host, 0);
    }
    if (code == CURLUE_OK) {
        code = curl_url_get(url->parsed, CURLUPART_PORT, &url->port, CURLU_DEFAULT_PORT);
    }
    return code == CURLUE_OK
               ? 0
               : err_set(e, ERR_INVALID, "the URL is wrong: %s", curl_url_strerror(code));
}

int client_url_parse(const char *text, struct client_url *ret, struct err *e)
{
    AUTO(client_url_done) struct client_url url = {.parsed = curl_url()};
    if (!url.parsed) {
        return err_set(e, ERR_IO, "libcurl could not be set up");
    }
    int r = text_check(text, e);
    if (r < 0) {
        return r;
    }
    /* Schemes that are known to nobody get the same answer as those that are refused. */
    CURLUcode code = curl_url_set(url.parsed, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
    if (code != CURLUE_OK) {
        return err_set(e, ERR_INVALID,
                       "the URL is wrong: %s; write http://HOST/PATH or https://...",
                       curl_url_strerror(code));
    }
    r = parts_get(&url, e);
    if (r == 0) {
        *ret = TAKE(&url, (struct client_url){0});
    }
    return r;
}

void client_url_done(struct client_url *url)
{
    curl_url_cleanup(url->parsed);
    curl_free(url->scheme);
    curl_free(url->host);
    curl_free(url->port);
    *url = (struct client_url){0};
}

bool client_url_same_origin(const struct client_url *a, const struct client_url *b)
{
    return strcmp(a->scheme, b->scheme) == 0 && strcasecmp(a->host, b->host) == 0 &&
           strcmp(a->port, b->port) == 0;
}
