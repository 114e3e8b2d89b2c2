/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/image_recipe.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/toml_text.h"
#include "model/semver.h"
#include "model/version_text.h"

#define VERSION_MAX 128
#define MAIN        "{main}"
#define ARGS        "{args}"

/* --- commands --------------------------------------------------------------------------------- */

static bool names_files(char *const *words)
{
    static const char *const places[] = {MAIN, "{sources}", "{stem}"};
    for (; words && *words; words++) {
        for (size_t i = 0; i < ARRAY_LEN(places); i++) {
            if (strstr(*words, places[i])) {
                return true;
            }
        }
    }
    return false;
}

char **image_command_split(const char *text, const char *const *behind)
{
    char **words = strv_split(text, " ");
    for (bool named = names_files(words); words && !named && *behind; behind++) {
        strv_add(&words, *behind);
    }
    return words;
}

char **image_command_of(char *const *entrypoint, char *const *command, const char *directory)
{
    char **words = NULL;
    strv_add_all(&words, entrypoint);
    strv_add_all(&words, command);
    if (!words) {
        return NULL;
    }
    if (words[0][0] != '/' && strchr(words[0], '/')) {
        char *relative = words[0];
        bool whole = directory && directory[0] == '/';
        words[0] = xasprintf("%s/%s", whole ? directory : "", relative);
        free(relative);
    }
    if (!names_files(words)) {
        strv_add(&words, MAIN);
        strv_add(&words, ARGS);
    }
    return words;
}

char **image_env_of(char *const *env)
{
    char **kept = NULL;
    for (; env && *env; env++) {
        const char *equals = strchr(*env, '=');
        if (equals && equals != *env && !str_starts(*env, "HOME=")) {
            strv_add(&kept, *env);
        }
    }
    return kept;
}

/* --- versions --------------------------------------------------------------------------------- */

char *image_version_of(const char *text)
{
    struct semver version;
    char exact[VERSION_MAX];
    if (!text || (!semver_parse(text, &version) && !version_text_find(text, NULL, &version))) {
        return NULL;
    }
    semver_format(&version, exact, sizeof(exact));
    return xstrdup(exact);
}

/* The port of a registry is no tag. */
char *image_version_of_reference(const char *reference)
{
    const char *colon = reference ? strrchr(reference, ':') : NULL;
    return colon && !strchr(colon, '/') ? image_version_of(colon + 1) : NULL;
}

/* --- the text --------------------------------------------------------------------------------- */

static void add_text(struct buf *b, const char *key, const char *text)
{
    buf_add_fmt(b, "%s = ", key);
    toml_text_add(b, text);
    buf_add_char(b, '\n');
}

static void add_words(struct buf *b, const char *key, char *const *words)
{
    if (!words) {
        return;
    }
    buf_add_fmt(b, "%s = [", key);
    for (size_t i = 0; words[i]; i++) {
        buf_add_str(b, i > 0 ? ", " : "");
        toml_text_add(b, words[i]);
    }
    buf_add_str(b, "]\n");
}

void image_recipe_write(const struct image_recipe *r, struct buf *ret)
{
    AUTO(mem_freep) char *file = xasprintf("main%s", r->extensions[0]);
    add_text(ret, "language", r->language);
    add_text(ret, "name", r->name);
    add_text(ret, "version", r->version);
    add_words(ret, "aliases", r->aliases);
    add_words(ret, "extensions", r->extensions);
    add_text(ret, "file", file);
    buf_add_str(ret, "yields = true\n");
    add_words(ret, "compile", r->compile);
    add_words(ret, "run", r->run);
    add_words(ret, "env", r->env);
}
