/* SPDX-License-Identifier: Apache-2.0 */
#include "api/openapi.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/embedded.h"
#include "api/json.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "http/http.h"

#define REF  "#/components/schemas/"
#define JSON "application/json"

static const struct {
    const char *dialect, *text;
} sources[] = {
    {"native", OPENAPI_NATIVE},
    {"piston", OPENAPI_PISTON},
    {"judge0", OPENAPI_JUDGE0},
    {"common", OPENAPI_COMMON},
};

/* NULL for a dialect that nobody has described: its routes are listed all the same. */
static json_t *source_load(const char *dialect)
{
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        if (strcmp(sources[i].dialect, dialect) == 0) {
            return json_loads(sources[i].text, 0, NULL);
        }
    }
    return NULL;
}

/* --- schemas and answers ----------------------------------------------------------------- */

static json_t *schema_of(const json_t *schema)
{
    if (!json_is_string(schema)) {
        return json_deep_copy(schema);
    }
    AUTO(mem_freep) char *ref = xasprintf(REF "%s", json_string_value(schema));
    return json_pack("{s:s}", "$ref", ref);
}

static const char *media_of(const json_t *source, const json_t *schema, const json_t *media)
{
    const json_t *of_schema =
        json_is_string(schema)
            ? json_object_get(json_object_get(source, "media"), json_string_value(schema))
            : NULL;
    return media ? json_string_value(media) : of_schema ? json_string_value(of_schema) : JSON;
}

static void content_add(json_t *content, const json_t *source, const json_t *schema,
                        const json_t *media)
{
    json_object_set_new(content, media_of(source, schema, media),
                        json_pack("{s:o}", "schema", schema_of(schema)));
}

/* Behind the sentence: a schema, its media type, and so on. */
static json_t *answer_of(const json_t *source, const json_t *answer)
{
    json_t *o = json_pack("{s:O}", "description", json_array_get(answer, 0));
    json_t *content = json_object();
    for (size_t i = 1; i < json_array_size(answer); i += 2) {
        content_add(content, source, json_array_get(answer, i), json_array_get(answer, i + 1));
    }
    if (json_object_size(content) > 0) {
        json_object_set(o, "content", content);
    }
    json_decref(content);
    return o;
}

static void answers_add(json_t *responses, const json_t *source, json_t *answers)
{
    const char *status;
    json_t *answer;
    json_object_foreach(answers, status, answer)
    {
        json_object_set_new(responses, status, answer_of(source, answer));
    }
}

static json_t *responses_of(const struct http_route *route, const json_t *source,
                            const json_t *entry)
{
    json_t *responses = json_object();
    answers_add(responses, source, json_object_get(source, "always"));
    if (!(route->flags & ROUTE_PUBLIC)) {
        answers_add(responses, source, json_object_get(source, "guarded"));
    }
    answers_add(responses, source, json_object_get(entry, "answers"));
    return responses;
}

/* --- parameters -------------------------------------------------------------------------- */

static void path_parameters_add(json_t *parameters, const char *path)
{
    for (const char *p = path; (p = strchr(p, '{'));) {
        size_t len = strcspn(++p, "}");
        json_array_append_new(parameters,
                              json_pack("{s:o,s:s,s:b,s:{s:s}}", "name", json_stringn(p, len), "in",
                                        "path", "required", 1, "schema", "type", "string"));
    }
}

static void parameters_add(json_t *parameters, json_t *named, const char *in)
{
    const char *name;
    json_t *one;
    json_object_foreach(named, name, one)
    {
        json_array_append_new(parameters, json_pack("{s:s,s:s,s:O,s:o}", "name", name, "in", in,
                                                    "description", json_array_get(one, 0), "schema",
                                                    schema_of(json_array_get(one, 1))));
    }
}

static json_t *parameters_of(const struct http_route *route, const json_t *entry)
{
    json_t *parameters = json_array();
    path_parameters_add(parameters, route->path);
    parameters_add(parameters, json_object_get(entry, "query"), "query");
    parameters_add(parameters, json_object_get(entry, "headers"), "header");
    return parameters;
}

/* --- security ---------------------------------------------------------------------------- */

static const struct {
    unsigned flag;
    const char *scope;
} scopes[] = {{ROUTE_RUN, "run"}, {ROUTE_READ, "read"}, {ROUTE_ADMIN, "admin"}};

static json_t *scopes_of(const struct http_route *route)
{
    json_t *list = json_array();
    for (size_t i = 0; i < ARRAY_LEN(scopes); i++) {
        if (route->flags & scopes[i].flag) {
            json_array_append_new(list, json_string(scopes[i].scope));
        }
    }
    return list;
}

/* {} first: without keys nothing is needed.  A document cannot know whether there are any. */
static json_t *security_of(const struct http_route *route)
{
    static const char *const schemes[] = {"bearer", "apiKey", "judge0"};
    json_t *list = json_array();
    if (route->flags & ROUTE_PUBLIC) {
        return list;
    }
    json_array_append_new(list, json_object());
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        json_array_append_new(list, json_pack("{s:o}", schemes[i], scopes_of(route)));
    }
    return list;
}

static json_t *security_schemes(void)
{
    return json_pack("{s:{s:s,s:s,s:s},s:{s:s,s:s,s:s},s:{s:s,s:s,s:s,s:s}}", "bearer", "type",
                     "http", "scheme", "bearer", "description",
                     "A key of `belljar key add`; where there are none, none is needed.", "apiKey",
                     "type", "apiKey", "in", "header", "name", "X-Api-Key", "judge0", "type",
                     "apiKey", "in", "header", "name", "X-Auth-Token", "description",
                     "Where clients of Judge0 put their token.");
}

/* --- operations -------------------------------------------------------------------------- */

static const struct {
    unsigned method;
    const char *name, *key;
} methods[] = {
    {HTTP_GET, "GET", "get"},          {HTTP_POST, "POST", "post"},    {HTTP_PUT, "PUT", "put"},
    {HTTP_DELETE, "DELETE", "delete"}, {HTTP_PATCH, "PATCH", "patch"},
};

/* NULL: nobody has described it. */
static const json_t *entry_of(const json_t *source, const char *method, const char *path)
{
    const json_t *operations = json_object_get(source, "operations");
    AUTO(mem_freep) char *name = xasprintf("%s %s", method, path);
    const json_t *entry = json_object_get(operations, name);
    const json_t *as = json_object_get(entry, "as");
    return as ? json_object_get(operations, json_string_value(as)) : entry;
}

/* "get_api_v1_executions_id" */
static json_t *operation_id(const char *method, const char *path)
{
    AUTO(buf_done) struct buf id = {0};
    buf_add_str(&id, method);
    for (const char *p = path; *p; p++) {
        if (isalnum((unsigned char)*p)) {
            buf_add_char(&id, *p);
        } else if (id.data[id.len - 1] != '_' && p[1] != '\0') {
            buf_add_char(&id, '_');
        }
    }
    return json_stringn(id.data, id.len);
}

static json_t *operation_of(const struct http_dialect *d, const struct http_route *route,
                            const char *key, const json_t *source, const json_t *entry)
{
    json_t *o = json_pack("{s:o,s:[s],s:s}", "operationId", operation_id(key, route->path), "tags",
                          d->name, "summary", route->summary);
    json_t *text = json_object_get(entry, "text"), *body = json_object_get(entry, "body");
    if (text) {
        json_object_set(o, "description", text);
    }
    json_object_set_new(o, "parameters", parameters_of(route, entry));
    if (body) {
        json_t *content = json_object();
        content_add(content, source, body, NULL);
        json_object_set_new(o, "requestBody",
                            json_pack("{s:b,s:o}", "required", 1, "content", content));
    }
    json_object_set_new(o, "responses", responses_of(route, source, entry));
    json_object_set_new(o, "security", security_of(route));
    return o;
}

static json_t *path_item(json_t *paths, const char *path)
{
    json_t *item = json_object_get(paths, path);
    if (!item) {
        item = json_object();
        json_object_set_new(paths, path, item);
    }
    return item;
}

static void route_add(json_t *paths, const struct http_dialect *d, const struct http_route *route,
                      const json_t *source)
{
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (route->method & methods[i].method) {
            const json_t *entry = entry_of(source, methods[i].name, route->path);
            json_object_set_new(path_item(paths, route->path), methods[i].key,
                                operation_of(d, route, methods[i].key, source, entry));
        }
    }
}

/* --- the document ------------------------------------------------------------------------ */

struct document {
    json_t *paths, *schemas, *tags;
};

static void dialect_add(struct document *doc, const struct http_dialect *d)
{
    AUTO(json_freep) json_t *source = source_load(d->name);
    json_t *text = json_object_get(source, "text");
    json_array_append_new(doc->tags,
                          text ? json_pack("{s:s,s:O}", "name", d->name, "description", text)
                               : json_pack("{s:s}", "name", d->name));
    json_object_update(doc->schemas, json_object_get(source, "schemas"));
    for (size_t i = 0; i < d->route_count; i++) {
        route_add(doc->paths, d, &d->routes[i], source);
    }
}

json_t *openapi_json(const struct api *api)
{
    struct document doc = {json_object(), json_object(), json_array()};
    for (size_t i = 0; i < api->dialect_count; i++) {
        dialect_add(&doc, api->dialects[i]);
    }
    openapi_request_schemas(api->config, doc.schemas);
    json_t *info = json_pack("{s:s,s:s,s:s,s:{s:s,s:s}}", "title", "belljar", "version",
                             BELLJAR_VERSION, "description",
                             "Runs untrusted programs. Three dialects: belljar's own, Piston's and "
                             "Judge0's.",
                             "license", "name", "Apache-2.0", "identifier", "Apache-2.0");
    return json_pack("{s:s,s:o,s:[{s:s}],s:o,s:o,s:{s:o,s:o}}", "openapi", "3.1.0", "info", info,
                     "servers", "url", "/", "tags", doc.tags, "paths", doc.paths, "components",
                     "schemas", doc.schemas, "securitySchemes", security_schemes());
}
