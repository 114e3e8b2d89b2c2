#pragma once
/*
 * origin - whether a list of pages that may and a list of those that may not let one pass.  Pure.
 *
 * What stands in both is in neither.  Lists are strvs of hosts ("example.com", "localhost:3000"),
 * whole origins, or "*"; NULL is empty.
 */
#include <stdbool.h>

enum origin_pass {
    ORIGIN_ANY,   /* nobody is kept out */
    ORIGIN_NAMED, /* this one may */
    ORIGIN_NONE,
};
enum origin_pass origin_passes(char *const *allow, char *const *disallow, const char *origin);
/* Whether it is a page of the server itself: of the host and port that the request is for. */
bool origin_is_host(const char *origin, const char *host);
