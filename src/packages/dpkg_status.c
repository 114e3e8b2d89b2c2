/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/dpkg_status.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"

/* The value of a field of the stanza that is at `stanza`, `len` bytes long; NULL: it has none. */
static char *field(const char *stanza, size_t len, const char *name)
{
    size_t name_len = strlen(name);
    for (const char *p = stanza; p < stanza + len;) {
        size_t line = strcspn(p, "\n");
        if (line > name_len + 1 && strncmp(p, name, name_len) == 0 && p[name_len] == ':') {
            const char *value = p + name_len + 1;
            size_t blanks = strspn(value, " ");
            return xstrndup(value + blanks, line - name_len - 1 - blanks);
        }
        p += line + (p[line] == '\n');
    }
    return NULL;
}

/* Length of the stanza at p, with the line end of its last line. */
static size_t stanza_len(const char *p)
{
    const char *end = strstr(p, "\n\n");
    return end ? (size_t)(end - p) + 1 : strlen(p);
}

/* "Package: NAME" is the first line of each. */
static bool has(const char *text, const char *package, const char *architecture)
{
    AUTO(mem_freep) char *first = xasprintf("Package: %s\n", package);
    for (const char *p = text; p && (p = strstr(p, first)) != NULL; p++) {
        if (p != text && p[-1] != '\n') {
            continue;
        }
        AUTO(mem_freep) char *other = field(p, stanza_len(p), "Architecture");
        if (!architecture || !other || strcmp(architecture, other) == 0) {
            return true;
        }
    }
    return false;
}

void dpkg_status_merge(const char *text, struct buf *ret)
{
    for (const char *p = text; *p != '\0';) {
        size_t len = stanza_len(p);
        AUTO(mem_freep) char *package = field(p, len, "Package");
        AUTO(mem_freep) char *architecture = field(p, len, "Architecture");
        if (package && !has(ret->data ? ret->data : "", package, architecture)) {
            buf_add(ret, p, len);
            buf_add_str(ret, str_ends(ret->data, "\n") ? "\n" : "\n\n");
        }
        p += len;
        p += strspn(p, "\n");
    }
}

char *dpkg_status_version(const char *text, const char *package)
{
    AUTO(mem_freep) char *first = xasprintf("Package: %s\n", package);
    for (const char *p = text; p && (p = strstr(p, first)) != NULL; p++) {
        if (p == text || p[-1] == '\n') {
            return field(p, stanza_len(p), "Version");
        }
    }
    return NULL;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **dpkg_status_installed(const char *text)
{
    char **ret = NULL;
    for (const char *p = text; *p != '\0';) {
        size_t len = stanza_len(p);
        AUTO(mem_freep) char *package = field(p, len, "Package");
        AUTO(mem_freep) char *version = field(p, len, "Version");
        AUTO(mem_freep) char *architecture = field(p, len, "Architecture");
        if (package && version) {
            strv_add_take(
                &ret, xasprintf("%s %s %s", package, version, architecture ? architecture : ""));
        }
        p += len;
        p += strspn(p, "\n");
    }
    if (ret) {
        qsort(ret, strv_len(ret), sizeof(*ret), compare_texts);
    }
    return ret;
}
