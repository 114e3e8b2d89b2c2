/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/npm_lock.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "boxproto/boxarchive.h"

#define REGISTRY     "https://registry.npmjs.org/" /* as npm writes it, whatever registry it used */
#define MODULES      "node_modules/"
#define PACKAGES_MAX 5000
#define TEXT_MAX     500
#define SHOWN        80
#define NAME_CHARS   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"

static void json_freep(json_t **json)
{
    json_decref(*json);
}

void npm_lock_free(struct npm_lock *lock)
{
    if (!lock) {
        return;
    }
    for (size_t i = 0; i < lock->count; i++) {
        struct npm_package *p = &lock->packages[i];
        free(p->path);
        free(p->name);
        free(p->version);
        free(p->tarball);
        free(p->digest);
        strv_free(p->bins);
    }
    free(lock->packages);
    free(lock);
}

void npm_lock_freep(struct npm_lock **lock)
{
    npm_lock_free(*lock);
    *lock = NULL;
}

/* --- names --------------------------------------------------------------------------------- */

/* The length of a name, with its scope; 0: it is none. */
static size_t name_len(const char *text)
{
    size_t len = 0;
    if (text[0] == '@') {
        size_t scope = strspn(text + 1, NAME_CHARS);
        if (scope == 0 || text[1] == '.' || text[1 + scope] != '/') {
            return 0;
        }
        len = 1 + scope + 1;
    }
    size_t name = strspn(text + len, NAME_CHARS);
    return name > 0 && text[len] != '.' ? len + name : 0;
}

/* "node_modules/a/node_modules/@b/c"; *ret_name is the last name in it. */
static bool path_is_right(const char *path, const char **ret_name)
{
    if (strlen(path) > TEXT_MAX) {
        return false;
    }
    for (const char *at = path;; at++) {
        if (!str_starts(at, MODULES)) {
            return false;
        }
        at += strlen(MODULES);
        *ret_name = at;
        size_t len = name_len(at);
        at += len;
        if (len == 0 || (*at != '/' && *at != '\0')) {
            return false;
        }
        if (*at == '\0') {
            return true;
        }
    }
}

/* What a URL may be made of, and nothing that would end it. */
static bool is_tarball(const char *text)
{
    static const char chars[] = NAME_CHARS "@/%+";
    size_t len = strlen(text);
    return len > 0 && len <= TEXT_MAX && strspn(text, chars) == len && !strstr(text, "..");
}

/* --- one package --------------------------------------------------------------------------- */

static const char *text_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text ? text : "";
}

static bool flag_of(const json_t *json, const char *key)
{
    return json_is_true(json_object_get(json, key));
}

static uint64_t number_of(const json_t *json, const char *key)
{
    json_int_t n = json_integer_value(json_object_get(json, key));
    return n > 0 ? (uint64_t)n : 0;
}

/* "os", "cpu" and "libc": words, of which those behind "!" are meant to be others. */
static bool is_for(const json_t *json, const char *key, const char *mine)
{
    json_t *words = json_object_get(json, key);
    bool any_yes = false, named = false;
    size_t i;
    json_t *word;
    if (json_is_string(words)) {
        return strcmp(json_string_value(words), mine) == 0;
    }
    json_array_foreach(words, i, word)
    {
        const char *text = json_is_string(word) ? json_string_value(word) : "";
        if (text[0] == '!') {
            if (strcmp(text + 1, mine) == 0) {
                return false;
            }
        } else {
            any_yes = true;
            named = named || strcmp(text, mine) == 0 || strcmp(text, "any") == 0;
        }
    }
    return named || !any_yes;
}

static const char *cpu_of(const char *machine)
{
    static const struct {
        const char *machine, *cpu; /* as node calls it */
    } cpus[] = {{"x86_64", "x64"}, {"aarch64", "arm64"}, {"i686", "ia32"}, {"armv7l", "arm"}};
    for (size_t i = 0; i < ARRAY_LEN(cpus); i++) {
        if (strcmp(cpus[i].machine, machine) == 0) {
            return cpus[i].cpu;
        }
    }
    return machine;
}

static int read_source(struct npm_package *p, const json_t *json, struct err *e)
{
    const char *resolved = text_of(json, "resolved"), *version = text_of(json, "version");
    if (!str_starts(resolved, REGISTRY) || !is_tarball(resolved + strlen(REGISTRY))) {
        return err_set(e, ERR_INVALID, "%.*s: '%.*s' is not at " REGISTRY, SHOWN, p->path, SHOWN,
                       resolved);
    }
    if (version[0] == '\0' || strspn(version, NAME_CHARS "+") != strlen(version)) {
        return err_set(e, ERR_INVALID, "%.*s: '%.*s' is no version", SHOWN, p->path, SHOWN,
                       version);
    }
    char **digests = strv_split(text_of(json, "integrity"), " \t");
    for (char **digest = digests; digest && *digest && !p->digest; digest++) {
        p->digest =
            str_starts(*digest, "sha512-") ? xstrndup(*digest, strcspn(*digest, "?")) : NULL;
    }
    strv_free(digests);
    if (!p->digest) {
        return err_set(e, ERR_INVALID, "%.*s: no sha512 in its \"integrity\"", SHOWN, p->path);
    }
    p->tarball = xstrdup(resolved + strlen(REGISTRY));
    p->version = xstrdup(version);
    return 0;
}

static int read_bin(struct npm_package *p, const json_t *json, struct err *e)
{
    const char *path = json_string_value(json);
    if (!path) {
        return err_set(e, ERR_INVALID, "%.*s: a \"bin\" that is no path", SHOWN, p->path);
    }
    path += str_starts(path, "./") ? 2 : 0;
    int r = boxarchive_check_path(path, e);
    if (r < 0) {
        return err_wrap(e, "%.*s: bin", SHOWN, p->path);
    }
    strv_add(&p->bins, path);
    return 0;
}

static int read_bins(struct npm_package *p, json_t *bins, struct err *e)
{
    const char *key;
    json_t *bin;
    int r = 0;
    if (json_is_string(bins)) {
        return read_bin(p, bins, e);
    }
    json_object_foreach(bins, key, bin)
    {
        r = r < 0 ? r : read_bin(p, bin, e);
    }
    return r;
}

/* Whether it lies in a package that was left out. */
static bool is_inside(const char *path, char *const *left_out)
{
    for (; left_out && *left_out; left_out++) {
        size_t len = strlen(*left_out);
        if (strncmp(path, *left_out, len) == 0 && path[len] == '/') {
            return true;
        }
    }
    return false;
}

struct reader {
    struct npm_lock *lock;
    const char *cpu;
    char **left_out;
};

static int read_package(struct reader *reader, const char *path, json_t *json, struct err *e)
{
    const char *name;
    if (!path_is_right(path, &name) || !json_is_object(json)) {
        return err_set(e, ERR_INVALID, "'%.*s' is no place of a package below node_modules", SHOWN,
                       path);
    }
    if (flag_of(json, "link")) {
        return err_set(e, ERR_INVALID, "%.*s: links to elsewhere cannot be installed", SHOWN, path);
    }
    bool for_us = is_for(json, "os", "linux") && is_for(json, "cpu", reader->cpu) &&
                  is_for(json, "libc", "glibc");
    if (!for_us && !flag_of(json, "optional")) {
        return err_set(e, ERR_UNSUPPORTED, "%.*s: the package is not for this kind of machine",
                       SHOWN, path);
    }
    if (!for_us || flag_of(json, "dev") || flag_of(json, "inBundle") ||
        is_inside(path, reader->left_out)) {
        strv_add(&reader->left_out, path);
        return 0;
    }
    struct npm_package *p = &reader->lock->packages[reader->lock->count++];
    *p = (struct npm_package){.path = xstrdup(path),
                              .name = xstrdup(name),
                              .bytes = number_of(json, "size"),
                              .unpacked_bytes = number_of(json, "unpackedSize")};
    int r = read_source(p, json, e);
    return r < 0 ? r : read_bins(p, json_object_get(json, "bin"), e);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted by path: a package before those inside it, whatever order the file has. */
static int read_packages(struct reader *reader, json_t *packages, struct err *e)
{
    size_t count = json_object_size(packages), i = 0;
    const char *path;
    json_t *json;
    int r = 0;
    AUTO(mem_freep) const char **paths = xcalloc(count + 1, sizeof(*paths));
    json_object_foreach(packages, path, json)
    {
        paths[i++] = path;
    }
    qsort(paths, count, sizeof(*paths), compare_texts);
    reader->lock->packages = xcalloc(count + 1, sizeof(*reader->lock->packages));
    for (i = 0; r == 0 && i < count; i++) {
        /* "" is what the lock was made for. */
        r = paths[i][0] == '\0'
                ? 0
                : read_package(reader, paths[i], json_object_get(packages, paths[i]), e);
    }
    return r;
}

int npm_lock_parse(const char *text, size_t len, const char *machine, struct npm_lock **ret,
                   struct err *e)
{
    json_error_t error;
    AUTO(json_freep) json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (!json) {
        return err_set(e, ERR_INVALID, "line %d: %.120s", error.line, error.text);
    }
    json_t *packages = json_object_get(json, "packages");
    if (json_integer_value(json_object_get(json, "lockfileVersion")) != 3 ||
        !json_is_object(packages)) {
        return err_set(e, ERR_INVALID, "it is no lock of version 3; make it with tools/npm-lock");
    }
    if (json_object_size(packages) > PACKAGES_MAX) {
        return err_set(e, ERR_LIMIT, "more than %d packages", PACKAGES_MAX);
    }
    AUTO(npm_lock_freep) struct npm_lock *lock = xcalloc(1, sizeof(*lock));
    AUTO(strv_freep) char **left_out = NULL;
    struct reader reader = {.lock = lock, .cpu = cpu_of(machine)};
    int r = read_packages(&reader, packages, e);
    left_out = reader.left_out;
    if (r < 0) {
        return r;
    }
    *ret = TAKE(&lock, NULL);
    return 0;
}
