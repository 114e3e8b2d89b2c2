/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/piston_package.h"

#include <ctype.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/toml_text.h"
#include "model/semver.h"
#include "packages/piston_index.h"
#include "recipes/recipe_id.h"

#define LANGUAGES_MAX 200

/* --- pkg-info.json --------------------------------------------------------------------------- */

static void json_freep(json_t **json)
{
    json_decref(*json);
}

void piston_package_free(struct piston_package *p)
{
    if (!p) {
        return;
    }
    for (size_t i = 0; i < p->count; i++) {
        free(p->languages[i].language);
        strv_free(p->languages[i].aliases);
    }
    free(p->languages);
    free(p->version);
    free(p->name);
    free(p);
}

static void package_freep(struct piston_package **p)
{
    piston_package_free(*p);
}

static const struct {
    const char *key;
    size_t at;
} limit_keys[] = {
#define LIMIT(name)                                                                                \
    {                                                                                              \
#name, offsetof(struct piston_limits, name)                                                \
    }
    LIMIT(compile_timeout),   LIMIT(run_timeout),          LIMIT(compile_cpu_time),
    LIMIT(run_cpu_time),      LIMIT(compile_memory_limit), LIMIT(run_memory_limit),
    LIMIT(max_process_count), LIMIT(max_open_files),       LIMIT(max_file_size),
    LIMIT(output_max_size),
#undef LIMIT
};

static void read_limits(const json_t *json, struct piston_limits *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(limit_keys); i++) {
        int64_t value = json_integer_value(json_object_get(json, limit_keys[i].key));
        memcpy((char *)ret + limit_keys[i].at, &value, sizeof(value));
    }
}

static int read_language(const json_t *json, struct piston_language *ret, struct err *e)
{
    const char *language = json_string_value(json_object_get(json, "language"));
    json_t *aliases = json_object_get(json, "aliases"), *alias;
    size_t i;
    int r = piston_name_check("language", language ? language : "", e);
    if (r < 0) {
        return r;
    }
    ret->language = xstrdup(language);
    json_array_foreach(aliases, i, alias)
    {
        const char *text = json_string_value(alias);
        if (text && recipe_alias_valid(text)) {
            strv_add(&ret->aliases, text);
        }
    }
    read_limits(json_object_get(json, "limit_overrides"), &ret->limits);
    return 0;
}

static int read_languages(struct piston_package *p, const json_t *json, struct err *e)
{
    json_t *provides = json_object_get(json, "provides");
    p->provides = json_is_array(provides);
    p->count = p->provides ? json_array_size(provides) : 1;
    if (p->count == 0 || p->count > LANGUAGES_MAX) {
        p->count = 0;
        return err_set(e, ERR_INVALID, "it provides no language, or too many");
    }
    p->languages = xcalloc(p->count, sizeof(*p->languages));
    int r = 0;
    for (size_t i = 0; r == 0 && i < p->count; i++) {
        r = read_language(p->provides ? json_array_get(provides, i) : json, &p->languages[i], e);
    }
    return r;
}

int piston_info_parse(const char *text, size_t len, struct piston_package **ret, struct err *e)
{
    json_error_t error;
    struct semver version;
    AUTO(json_freep) json_t *json = json_loadb(text, len, 0, &error);
    if (!json) {
        return err_set(e, ERR_INVALID, "pkg-info.json: line %d: %.120s", error.line, error.text);
    }
    AUTO(package_freep) struct piston_package *p = xcalloc(1, sizeof(*p));
    const char *name = json_string_value(json_object_get(json, "language"));
    const char *version_text = json_string_value(json_object_get(json, "version"));
    if (!version_text || !semver_parse(version_text, &version)) {
        return err_set(e, ERR_INVALID, "pkg-info.json: it has no \"version\" (1.2.3)");
    }
    p->version = xstrdup(version_text);
    p->name = xstrdup(name ? name : "");
    int r = piston_name_check("language", p->name, e);
    r = r < 0 ? r : read_languages(p, json, e);
    if (r < 0) {
        return err_wrap(e, "pkg-info.json");
    }
    *ret = TAKE(&p, NULL);
    return 0;
}

/* --- the package ----------------------------------------------------------------------------- */

char *piston_package_dir(const struct piston_entry *entry)
{
    return xasprintf("piston/packages/%s/%s", entry->name, entry->text);
}

char *piston_recipe_id(const struct piston_language *language, const struct piston_entry *entry)
{
    bool same = strcmp(language->language, entry->name) == 0;
    char *id = xasprintf("%s/piston-%s%s%s", language->language, same ? "" : entry->name,
                         same ? "" : "-", entry->text);
    for (char *c = id; *c != '\0'; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
    return id;
}

/* --- its environment ------------------------------------------------------------------------- */

char **piston_environment_command(const struct piston_entry *entry)
{
    static const char *const words[] = {"/usr/bin/env", "-i", "/bin/bash", "-c",
                                        "cd \"$0\" && { source ./environment; /usr/bin/env -0; }"};
    AUTO(mem_freep) char *dir = piston_package_dir(entry);
    char **argv = NULL;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        strv_add(&argv, words[i]);
    }
    strv_add_take(&argv, xasprintf("/%s", dir));
    return argv;
}

char **piston_environment_parse(const char *output, size_t len)
{
    static const char *const shells[] = {"PWD=", "OLDPWD=", "_=", "SHLVL="};
    char **env = NULL;
    for (const char *at = output, *end = output + len; at < end;) {
        AUTO(mem_freep) char *variable = xstrndup(at, (size_t)(end - at));
        bool wanted = strchr(variable, '=') != NULL && variable[0] != '=';
        for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
            wanted = wanted && !str_starts(variable, shells[i]);
        }
        if (wanted) {
            strv_add(&env, variable);
        }
        at += strlen(variable) + 1;
    }
    return env;
}

/* --- the recipe ------------------------------------------------------------------------------ */

static void write_text(struct buf *b, const char *key, const char *text)
{
    buf_add_fmt(b, "%s = ", key);
    toml_text_add(b, text);
    buf_add_char(b, '\n');
}

static void write_words(struct buf *b, const char *key, char *const *words)
{
    buf_add_fmt(b, "%s = [", key);
    for (size_t i = 0; words && words[i]; i++) {
        buf_add_str(b, i > 0 ? ", " : "");
        toml_text_add(b, words[i]);
    }
    buf_add_str(b, "]\n");
}

static void write_command(struct buf *b, const char *key, const struct piston_entry *entry,
                          const char *const *behind)
{
    AUTO(strv_freep) char **argv = NULL;
    AUTO(mem_freep) char *dir = piston_package_dir(entry);
    strv_add(&argv, "/bin/bash");
    strv_add_take(&argv, xasprintf("/%s/%s", dir, key));
    for (; *behind; behind++) {
        strv_add(&argv, *behind);
    }
    write_words(b, key, argv);
}

/* Negative ones are "no limit" with Piston: what the operator allows holds. */
static void write_limit(struct buf *b, const char *key, int64_t value)
{
    if (value > 0) {
        buf_add_fmt(b, "%s = %" PRId64 "\n", key, value);
    }
}

static void write_limits(struct buf *b, const char *stage, int64_t wall, int64_t cpu,
                         int64_t memory, const struct piston_limits *l)
{
    buf_add_fmt(b, "\n[limits.%s]\n", stage);
    write_limit(b, "wall_ms", wall);
    write_limit(b, "cpu_ms", cpu);
    write_limit(b, "memory_bytes", memory);
    write_limit(b, "processes", l->max_process_count);
    write_limit(b, "open_files", l->max_open_files);
    write_limit(b, "file_bytes", l->max_file_size);
    write_limit(b, "output_bytes", l->output_max_size);
}

void piston_recipe_write(const struct piston_package *p, const struct piston_language *language,
                         const struct piston_entry *entry, char *const *env, struct buf *ret)
{
    static const char *const run[] = {"{main}", "{args}", NULL};
    /* What a job asks of its compiler a script may read behind the names: it has to go somewhere.
     */
    static const char *const compile[] = {"{sources}", "{compile_args}", NULL};
    const struct piston_limits *l = &language->limits;
    write_text(ret, "language", language->language);
    write_text(ret, "name", language->language);
    write_text(ret, "version", p->version);
    write_words(ret, "aliases", language->aliases);
    if (p->provides) {
        write_text(ret, "package", p->name);
    }
    buf_add_str(ret, "extensions = [\".code\"]\nfile = \"file0.code\"\n");
    if (p->compiles) {
        write_command(ret, "compile", entry, compile);
    }
    write_command(ret, "run", entry, run);
    write_words(ret, "env", env);
    write_limits(ret, "compile", l->compile_timeout, l->compile_cpu_time, l->compile_memory_limit,
                 l);
    write_limits(ret, "run", l->run_timeout, l->run_cpu_time, l->run_memory_limit, l);
}
