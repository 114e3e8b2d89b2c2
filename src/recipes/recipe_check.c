/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/recipe_check.h"

#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/strv.h"
#include "recipes/recipe.h"

#define HOME "{home}"

int recipe_each_command(const struct recipe *r, recipe_command_fn *fn, void *ctx)
{
    const struct {
        const char *key;
        char *const *command;
    } all[] = {
        {"compile", r->commands.compile},
        {"run", r->commands.run},
        {"compile_many", r->commands.compile_many},
        {"run_many", r->commands.run_many},
        {"prepared.compile", r->when_prepared.compile},
        {"prepared.run", r->when_prepared.run},
        {"prepared.compile_many", r->when_prepared.compile_many},
        {"prepared.run_many", r->when_prepared.run_many},
    };
    int rc = 0;
    for (size_t i = 0; i < ARRAY_LEN(all) && rc == 0; i++) {
        rc = all[i].command != NULL ? fn(ctx, all[i].key, all[i].command) : 0;
    }
    return rc;
}

bool recipe_command_is_script(char *const *command)
{
    static const char *const shells[] = {"sh", "bash", "dash", "zsh", "ksh93"};
    const char *slash = strrchr(command[0], '/');
    const char *program = slash != NULL ? slash + 1 : command[0];
    if (command[1] == NULL || strcmp(command[1], "-c") != 0 || command[2] == NULL) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
        if (strcmp(program, shells[i]) == 0) {
            return true;
        }
    }
    return false;
}

struct check {
    const char *file;
    struct err *e;
};

/* In a script's text a file's name would be code. */
static int script_check(void *ctx, const char *key, char *const *command)
{
    static const char *const words[] = {"{main}", "{stem}",         "{sources}",
                                        "{args}", "{compile_args}", "{tool}"};
    const struct check *c = ctx;
    if (!recipe_command_is_script(command)) {
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strstr(command[2], words[i]) != NULL) {
            return err_set(c->e, ERR_INVALID,
                           "%s: %s: %s stands in the text of a script, where it would be code; "
                           "give it as an argument behind the text and write \"$1\"",
                           c->file, key, words[i]);
        }
    }
    return 0;
}

static int tool_check(void *ctx, const char *key, char *const *command)
{
    const struct check *c = ctx;
    return strv_has(command, "{tool}")
               ? err_set(c->e, ERR_INVALID, "%s: %s: there is no {tool}; name it in 'tools'",
                         c->file, key)
               : 0;
}

static int language_check(const struct recipe *r, struct check *c)
{
    const char *missing = r->commands.run == NULL ? "run"
                          : r->file == NULL       ? "file"
                          : r->extensions == NULL ? "extensions"
                                                  : NULL;
    if (missing != NULL) {
        return err_set(c->e, ERR_INVALID, "%s: '%s' is missing; every language has it", c->file,
                       missing);
    }
    if (r->tools != NULL && (r->ask == NULL) == (r->ask_package == NULL)) {
        return err_set(c->e, ERR_INVALID,
                       "%s: [ask] needs either args, by which the tool tells its version, or "
                       "package, whose version it is",
                       c->file);
    }
    if (r->version == NULL && recipe_is_installable(r)) {
        return err_set(c->e, ERR_INVALID,
                       "%s: 'version' is missing; what is installed has one that is expected",
                       c->file);
    }
    int done = r->tools == NULL ? recipe_each_command(r, tool_check, c) : 0;
    return done < 0 ? done : recipe_each_command(r, script_check, c);
}

int recipe_check(const struct recipe *r, const char *file, struct err *e)
{
    struct check c = {.file = file, .e = e};
    if (r->language != NULL) {
        return language_check(r, &c);
    }
    if (r->commands.run != NULL) {
        return err_set(e, ERR_INVALID,
                       "%s: 'language' is missing; only a part has none, and no run", file);
    }
    if (!recipe_is_installable(r)) {
        return err_set(e, ERR_INVALID,
                       "%s: there is neither a language nor anything to install; add one of them",
                       file);
    }
    return 0;
}

static bool names_home(char *const *words)
{
    for (; words != NULL && *words != NULL; words++) {
        if (strstr(*words, HOME) != NULL) {
            return true;
        }
    }
    return false;
}

static int home_check(void *ctx, const char *key, char *const *command)
{
    (void)ctx, (void)key;
    return names_home(command);
}

bool recipe_may_be_hosts(const struct recipe *r)
{
    return r->language != NULL && r->tools != NULL && !names_home(r->tools) &&
           !names_home(r->env) && !names_home(r->compile_env) &&
           !recipe_each_command(r, home_check, NULL);
}
