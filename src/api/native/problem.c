/* SPDX-License-Identifier: Apache-2.0 */
/* Answers, and what is said instead of one: problem details (RFC 9457). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/json.h"
#include "api/native/native.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "http/http.h"

static const char *title_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *title;
    } titles[] = {
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < ARRAY_LEN(titles); i++) {
        if (titles[i].status == status) {
            return titles[i].title;
        }
    }
    return status < 500 ? "Refused" : "Failed";
}

json_t *native_problem_json(unsigned status, const char *detail, json_t *errors)
{
    json_t *o = json_pack("{s:s,s:s,s:i,s:o}", "type", "about:blank", "title", title_of(status),
                          "status", (int)status, "detail", json_repaired(detail, strlen(detail)));
    if (errors != NULL) {
        json_object_set_new(o, "errors", errors);
    }
    return o;
}

static void respond(struct http_request *r, unsigned status, const char *type, json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(value);
    http_respond(r, status, type, text, text != NULL ? strlen(text) : 0);
}

void native_respond(struct http_request *r, unsigned status, json_t *value)
{
    respond(r, status, "application/json", value);
}

void native_problem_respond(struct http_request *r, unsigned status, json_t *problem)
{
    if (status == 503) {
        http_add_header(r, "Retry-After", "1");
    }
    respond(r, status, "application/problem+json", problem);
}

void native_problem(struct http_request *r, unsigned status, const char *detail, json_t *errors)
{
    native_problem_respond(r, status, native_problem_json(status, detail, errors));
}

void native_problem_errors(struct http_request *r, json_t *errors)
{
    AUTO(buf_done) struct buf text = {0};
    size_t count = json_array_size(errors);
    buf_add_fmt(&text, "the request has %zu error%s", count, count == 1 ? "" : "s");
    native_problem(r, 422, text.data, errors);
}

unsigned native_status_of(const struct err *e)
{
    static const unsigned statuses[] = {
        [ERR_INVALID] = 422, [ERR_NOT_FOUND] = 404, [ERR_LIMIT] = 507,
        [ERR_BUSY] = 503,    [ERR_DENIED] = 503,    [ERR_UNSUPPORTED] = 422,
        [ERR_IO] = 503,      [ERR_GONE] = 503,      [ERR_BUG] = 500,
    };
    return e->kind < ARRAY_LEN(statuses) ? statuses[e->kind] : 500;
}

void native_problem_of(struct http_request *r, const struct err *e)
{
    native_problem(r, native_status_of(e), e->text, NULL);
}

static bool is_json(const char *type)
{
    static const char json[] = "application/json";
    if (type == NULL || strncasecmp(type, json, sizeof(json) - 1) != 0) {
        return false;
    }
    return strchr("; \t", type[sizeof(json) - 1]) != NULL;
}

json_t *native_read_body(struct http_request *r)
{
    size_t len = 0;
    const char *text = http_body(r, &len);
    json_t *body = NULL;
    struct err e;
    if (!is_json(http_header(r, "Content-Type"))) {
        native_problem(r, 415, "send JSON, with the header Content-Type: application/json", NULL);
    } else if (native_parse(text != NULL ? text : "", len, &body, &e) < 0) {
        native_problem(r, 400, e.text, NULL);
    }
    return body;
}
