#pragma once
/*
 * openapi - all dialects as one OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1), made
 * of the tables of routes and of the JSON files of src/api/openapi.
 *
 * The tables give method, path, summary, {names} and what a key must be good for; the JSON files,
 * one for each dialect, the bodies, in short forms of OpenAPI's own:
 *
 *   text        what is said of the dialect
 *   always      answers of all its operations: {"403": ["Sentence.", SCHEMA, "media/type"]}; SCHEMA
 *               is the name of one, or one; both may be left out, or come several times
 *   guarded     answers of those that may need a key
 *   media       names of schemas that are of another media type than JSON
 *   operations  {"POST /path": {"text", "query": {"name": ["Sentence.", SCHEMA]}, "headers"
 *               likewise, "body": SCHEMA, "answers" as always}}, or {"as": "POST /path"}
 *   schemas     go to components.schemas
 *
 * The schemas of what native takes are made of request.def, with this server's ranges.
 */
#include <jansson.h>

struct api;
struct config;

json_t *openapi_json(const struct api *api);

/* openapi_request.c: adds NativeExecutionRequest, NativeStreamStart and the objects in them. */
void openapi_request_schemas(const struct config *config, json_t *schemas);
