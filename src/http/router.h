#pragma once
/*
 * router - from a path to a dialect, a route and its parameters.  Pure functions.
 */
#include <stdbool.h>
#include <stddef.h>

#include "http/http.h"

#define ROUTER_PARAM_MAX 256

struct router_param {
    char name[32];
    char value[ROUTER_PARAM_MAX]; /* percent-decoded */
};

struct router_match {
    const struct http_route *route; /* NULL: none for this method */
    unsigned methods;               /* all that this path has a route for */
    struct router_param params[HTTP_PARAMS_MAX];
    size_t param_count;
};

/*
 * "/api/v1/things?x" is "/api/v1/things"; of "http://host:80/x" the authority goes to ret_host
 * ("" when there is none).  False for what is no path ("*" is one).
 */
bool router_split_target(const char *target, char *ret_path, size_t path_size, char *ret_host,
                         size_t host_size);
/* The dialect with the longest prefix of whole segments ("/jobs" is one of "/jobs.json" with
 * DIALECT_RAILS); NULL when there is none. */
const struct http_dialect *router_dialect(const struct http_dialect *const *dialects, size_t count,
                                          const char *path);
struct router_match router_find(const struct http_dialect *dialect, const char *path,
                                unsigned method);
/* "GET,HEAD" */
void router_allow(unsigned methods, char *ret, size_t size);
