/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/piston_index.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"

#define SHA256_HEX 64
#define NAME_MAX_  100
#define URL_MAX    2000
#define ENTRY_MAX  10000
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._+"

enum { NAME, VERSION, SHA256, URL, FIELDS };

int piston_name_check(const char *what, const char *name, struct err *e)
{
    size_t len = strlen(name);
    if (len == 0 || len > NAME_MAX_ || name[0] == '.' || strspn(name, NAME_CHARS) != len) {
        return err_set(e, ERR_INVALID, "'%.100s' is no %s of a package", name, what);
    }
    return 0;
}

/* "sha256-<hex>", or NULL. */
static char *digest_of(const char *hex)
{
    if (strlen(hex) != SHA256_HEX) {
        return NULL;
    }
    char *digest = xasprintf("sha256-%s", hex);
    for (char *c = strchr(digest, '-') + 1; *c != '\0'; c++) {
        *c = (char)tolower((unsigned char)*c);
        if (!isxdigit((unsigned char)*c)) {
            free(digest);
            return NULL;
        }
    }
    return digest;
}

static bool is_url(const char *text)
{
    bool known =
        str_starts(text, "https://") || str_starts(text, "http://") || str_starts(text, "file://");
    for (const char *c = text; known && *c != '\0'; c++) {
        known = *c > ' ' && *c < 127;
    }
    return known && strlen(text) <= URL_MAX;
}

/* The line's fields, in place; the last is all that is left of it. */
static bool split(char *line, char *ret[FIELDS])
{
    for (unsigned i = 0; i < FIELDS; i++) {
        ret[i] = line;
        char *comma = i + 1 < FIELDS && line ? strchr(line, ',') : NULL;
        if (comma) {
            *comma = '\0';
        } else if (i + 1 < FIELDS) {
            return false;
        }
        line = comma ? comma + 1 : NULL;
    }
    return true;
}

static int read_line(char *line, struct piston_entry *ret, struct err *e)
{
    char *fields[FIELDS];
    if (!split(line, fields)) {
        return err_set(e, ERR_INVALID, "it is not \"name,version,sha256,url\"");
    }
    struct semver version;
    int r = piston_name_check("name", fields[NAME], e);
    r = r < 0 ? r : piston_name_check("version", fields[VERSION], e);
    if (r < 0) {
        return r;
    }
    if (!semver_parse(fields[VERSION], &version)) {
        return err_set(e, ERR_INVALID, "%.60s: '%.60s' is no version (1.2.3)", fields[NAME],
                       fields[VERSION]);
    }
    if (!is_url(fields[URL])) {
        return err_set(e, ERR_INVALID, "%.60s: '%.100s' is no URL", fields[NAME], fields[URL]);
    }
    char *digest = digest_of(fields[SHA256]);
    if (!digest) {
        return err_set(e, ERR_INVALID, "%.60s: '%.70s' is no sha256", fields[NAME], fields[SHA256]);
    }
    *ret = (struct piston_entry){.name = xstrdup(fields[NAME]),
                                 .text = xstrdup(fields[VERSION]),
                                 .version = version,
                                 .digest = digest,
                                 .url = xstrdup(fields[URL])};
    return 0;
}

/* Without white space around it. */
static char *trimmed(const char *line, size_t len)
{
    while (len > 0 && isspace((unsigned char)line[0])) {
        line++;
        len--;
    }
    while (len > 0 && isspace((unsigned char)line[len - 1])) {
        len--;
    }
    return xstrndup(line, len);
}

struct piston_index *piston_index_parse(const char *text, size_t len, piston_index_say_fn *say,
                                        void *ctx)
{
    struct piston_index *index = xcalloc(1, sizeof(*index));
    unsigned number = 0;
    for (const char *end = text + len, *next; text < end && index->count < ENTRY_MAX; text = next) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        next = newline ? newline + 1 : end;
        AUTO(mem_freep) char *line = trimmed(text, (size_t)((newline ? newline : end) - text));
        number++;
        if (line[0] == '\0') {
            continue;
        }
        index->entries = xreallocarray(index->entries, index->count + 1, sizeof(*index->entries));
        struct err e;
        if (read_line(line, &index->entries[index->count], &e) == 0) {
            index->count++;
        } else {
            err_wrap(&e, "line %u", number);
            say(ctx, &e);
        }
    }
    return index;
}

void piston_index_free(struct piston_index *index)
{
    if (!index) {
        return;
    }
    for (size_t i = 0; i < index->count; i++) {
        free(index->entries[i].name);
        free(index->entries[i].text);
        free(index->entries[i].digest);
        free(index->entries[i].url);
    }
    free(index->entries);
    free(index);
}

const struct piston_entry *piston_index_find(const struct piston_index *index, const char *name,
                                             const char *range)
{
    const struct piston_entry *found = NULL;
    for (size_t i = 0; i < index->count; i++) {
        const struct piston_entry *entry = &index->entries[i];
        if (strcmp(entry->name, name) == 0 && semver_satisfies(&entry->version, range) &&
            (!found || semver_compare(&entry->version, &found->version) > 0)) {
            found = entry;
        }
    }
    return found;
}
