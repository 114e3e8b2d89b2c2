/* SPDX-License-Identifier: Apache-2.0 */
#include "base/strv.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

void strv_free(char **v)
{
    if (v == NULL) {
        return;
    }
    for (char **s = v; *s != NULL; s++) {
        free(*s);
    }
    free(v);
}

void strv_freep(char ***v)
{
    strv_free(*v);
    *v = NULL;
}

size_t strv_len(char *const *v)
{
    size_t len = 0;
    while (v != NULL && v[len] != NULL) {
        len++;
    }
    return len;
}

void strv_add_take(char ***v, char *s)
{
    size_t len = strv_len(*v);
    *v = xreallocarray(*v, len + 2, sizeof(**v));
    (*v)[len] = s;
    (*v)[len + 1] = NULL;
}

void strv_add(char ***v, const char *s)
{
    strv_add_take(v, xstrdup(s));
}

void strv_add_all(char ***v, char *const *more)
{
    for (size_t i = 0; more != NULL && more[i] != NULL; i++) {
        strv_add(v, more[i]);
    }
}

char **strv_dup(char *const *v)
{
    char **copy = NULL;
    strv_add_all(&copy, v);
    return copy;
}

bool strv_has(char *const *v, const char *s)
{
    for (size_t i = 0; v != NULL && v[i] != NULL; i++) {
        if (strcmp(v[i], s) == 0) {
            return true;
        }
    }
    return false;
}

char **strv_split(const char *s, const char *separators)
{
    char **v = NULL;
    while (*s != '\0') {
        size_t len = strcspn(s, separators);
        if (len > 0) {
            strv_add_take(&v, xstrndup(s, len));
        }
        s += len;
        s += strspn(s, separators);
    }
    return v;
}

char *strv_join(char *const *v, const char *separator)
{
    struct buf text = {0};
    for (size_t i = 0; v != NULL && v[i] != NULL; i++) {
        if (i > 0) {
            buf_add_str(&text, separator);
        }
        buf_add_str(&text, v[i]);
    }
    return buf_take(&text);
}

bool str_starts(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
    size_t len = strlen(s);
    size_t suffix_len = strlen(suffix);
    return len >= suffix_len && memcmp(s + len - suffix_len, suffix, suffix_len) == 0;
}
