/* SPDX-License-Identifier: Apache-2.0 */
#include "http/router.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

static size_t span_to(const char *s, const char *stop)
{
    return strcspn(s, stop);
}

bool router_split_target(const char *target, char *ret_path, size_t path_size, char *ret_host,
                         size_t host_size)
{
    ret_host[0] = '\0';
    if (strncasecmp(target, "http://", 7) == 0 || strncasecmp(target, "https://", 8) == 0) {
        target = strstr(target, "//") + 2;
        size_t len = span_to(target, "/?#");
        if (len == 0 || len >= host_size) {
            return false;
        }
        memcpy(ret_host, target, len);
        ret_host[len] = '\0';
        target += len;
        if (target[0] != '/') {
            target = "/";
        }
    }
    size_t len = span_to(target, "?#");
    if (len >= path_size || (target[0] != '/' && strcmp(target, "*") != 0)) {
        return false;
    }
    memcpy(ret_path, target, len);
    ret_path[len] = '\0';
    return true;
}

/* The length of `prefix` when `path` begins with all of its segments; 0 if not. */
static size_t prefix_length(const char *prefix, const char *path, bool rails)
{
    size_t len = strlen(prefix), slashes = strspn(path, "/");
    if (rails && slashes > 0) {
        path += slashes - 1;
    }
    if (strncasecmp(prefix, path, len) != 0) {
        return 0;
    }
    bool whole = prefix[len - 1] == '/' || path[len] == '/' || path[len] == '\0' ||
                 (rails && path[len] == '.');
    return whole ? len : 0;
}

const struct http_dialect *router_dialect(const struct http_dialect *const *dialects, size_t count,
                                          const char *path)
{
    const struct http_dialect *best = NULL;
    size_t best_len = 0;
    for (size_t i = 0; i < count; i++) {
        bool rails = (dialects[i]->flags & DIALECT_RAILS) != 0;
        for (const char *const *prefix = dialects[i]->prefixes; *prefix != NULL; prefix++) {
            size_t len = strcmp(path, "*") == 0 ? strcmp(*prefix, "/") == 0
                                                : prefix_length(*prefix, path, rails);
            if (len > best_len) {
                best = dialects[i];
                best_len = len;
            }
        }
    }
    return best;
}

static int hex_value(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                        : -1;
}

/* False for a broken escape, for NUL, and for what is too long. */
static bool percent_decode(const char *s, size_t len, char ret[ROUTER_PARAM_MAX])
{
    size_t out = 0;
    for (size_t i = 0; i < len; i++) {
        int c = (unsigned char)s[i];
        if (c == '%') {
            if (i + 2 >= len || hex_value(s[i + 1]) < 0 || hex_value(s[i + 2]) < 0) {
                return false;
            }
            c = hex_value(s[i + 1]) * 16 + hex_value(s[i + 2]);
            i += 2;
        }
        if (c == '\0' || out + 1 >= ROUTER_PARAM_MAX) {
            return false;
        }
        ret[out++] = (char)c;
    }
    ret[out] = '\0';
    return out > 0;
}

static bool take_param(const char *pattern, size_t pattern_len, const char *segment, size_t len,
                       struct router_match *m)
{
    if (m->param_count == HTTP_PARAMS_MAX) {
        return false;
    }
    struct router_param *p = &m->params[m->param_count];
    snprintf(p->name, sizeof(p->name), "%.*s", (int)pattern_len - 2, pattern + 1);
    if (!percent_decode(segment, len, p->value)) {
        return false;
    }
    m->param_count++;
    return true;
}

static bool segment_matches(const char *pattern, size_t pattern_len, const char *segment,
                            size_t len, bool any_case, struct router_match *m)
{
    if (pattern_len > 2 && pattern[0] == '{') {
        return take_param(pattern, pattern_len, segment, len, m);
    }
    return pattern_len == len &&
           (any_case ? strncasecmp(pattern, segment, len) : strncmp(pattern, segment, len)) == 0;
}

static bool only_slashes(const char *s)
{
    return s[strspn(s, "/")] == '\0';
}

/* The last segment without ".json". */
static size_t rails_name(const char *segment, size_t len)
{
    static const size_t format = sizeof(".json") - 1;
    bool has_format = len > format && only_slashes(segment + len) &&
                      memcmp(segment + len - format, ".json", format) == 0;
    return has_format ? len - format : len;
}

static bool path_matches(const struct http_route *route, bool rails, const char *path,
                         struct router_match *m)
{
    const char *pattern = route->path;
    bool any_case = (route->flags & ROUTE_ANY_CASE) != 0;
    m->param_count = 0;
    while (*pattern == '/' && *path == '/') {
        pattern++;
        path += rails ? strspn(path, "/") : 1;
        size_t pattern_len = span_to(pattern, "/"), len = span_to(path, "/");
        size_t name_len = rails ? rails_name(path, len) : len;
        if (!segment_matches(pattern, pattern_len, path, name_len, any_case, m)) {
            return false;
        }
        pattern += pattern_len;
        path += len;
    }
    return *pattern == '\0' &&
           (*path == '\0' || (any_case && strcmp(path, "/") == 0) || (rails && only_slashes(path)));
}

struct router_match router_find(const struct http_dialect *dialect, const char *path,
                                unsigned method)
{
    struct router_match found = {0};
    bool rails = (dialect->flags & DIALECT_RAILS) != 0;
    for (size_t i = 0; i < dialect->route_count; i++) {
        struct router_match m = {0};
        if (!path_matches(&dialect->routes[i], rails, path, &m)) {
            continue;
        }
        found.methods |= dialect->routes[i].method;
        if (found.route == NULL && (dialect->routes[i].method & method) != 0) {
            m.methods = found.methods;
            m.route = &dialect->routes[i];
            found = m;
        }
    }
    return found;
}

void router_allow(unsigned methods, char *ret, size_t size)
{
    static const struct {
        unsigned method;
        const char *names;
    } table[] = {{HTTP_GET, "GET,HEAD"},
                 {HTTP_POST, "POST"},
                 {HTTP_PUT, "PUT"},
                 {HTTP_DELETE, "DELETE"},
                 {HTTP_PATCH, "PATCH"}};

    size_t len = 0;
    ret[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if ((methods & table[i].method) != 0 && len < size) {
            len +=
                (size_t)snprintf(ret + len, size - len, "%s%s", len > 0 ? "," : "", table[i].names);
        }
    }
}
