/* SPDX-License-Identifier: Apache-2.0 */
#include "runtimes/installed_runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/below.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "boxproto/boxproto.h"
#include "model/runtime.h"
#include "model/semver.h"
#include "packages/manifest.h"
#include "packages/store.h"
#include "recipes/recipe.h"
#include "runtimes/preparation.h"
#include "runtimes/recipe_runtime.h"
#include "sandbox/launch.h"

/* A store's layers never change and no id is given twice: whatever look found them, their ids say
 * which toolchain it is. */
#define GENERATION 1

#define HOME "{home}"

/* Where those are that do not lie beside the tool; as seen from the root. */
static const char *const program_dirs[] = {"usr/local/bin", "usr/bin", "usr/sbin", "usr/games"};

struct resolver {
    int packages_fd;
    const struct manifest *manifest;
    char *home;
    struct prepared_paths paths;
};

/* In the topmost layer that has the name; a whiteout is a device. */
static bool is_there(const struct resolver *r, const char *path)
{
    const struct manifest *m = r->manifest;
    for (size_t i = 0; i < m->layer_count; i++) {
        AUTO(fd_closep) int dir = store_layer_open(r->packages_fd, m->layers[i]);
        AUTO(fd_closep) int file = dir < 0 ? -1 : below_look(dir, path);
        struct stat st;
        if (file >= 0 && fstat(file, &st) == 0) {
            return !S_ISCHR(st.st_mode);
        }
    }
    return false;
}

/* "/usr/bin/name" where that is there, else NULL; the directory is "usr/bin". */
static char *program_in(const struct resolver *r, const char *dir, size_t dir_len, const char *name)
{
    AUTO(mem_freep) char *path = xasprintf("/%.*s/%s", (int)dir_len, dir, name);
    return is_there(r, path + 1) ? TAKE(&path, NULL) : NULL;
}

/* The path in a box of a program that a command names; a name that nobody has stays one. */
static char *program_path(const struct resolver *r, const char *name)
{
    const char *tool = r->manifest->tool;
    const char *slash = tool != NULL ? strrchr(tool, '/') : NULL;
    char *path = NULL;
    if (strchr(name, '/') != NULL) {
        return xstrdup(name);
    }
    if (slash != NULL && slash > tool) {
        path = program_in(r, tool + 1, (size_t)(slash - tool) - 1, name);
    }
    for (size_t i = 0; path == NULL && i < ARRAY_LEN(program_dirs); i++) {
        path = program_in(r, program_dirs[i], strlen(program_dirs[i]), name);
    }
    return path != NULL ? path : xstrdup(name);
}

/* With {home}, and what is prepared; NULL: it needs something that is not there. */
static char *text_resolve(const struct resolver *r, const char *text)
{
    if (strcmp(text, "{tool}") == 0) {
        return xstrdup(r->manifest->tool);
    }
    AUTO(buf_done) struct buf home = {0};
    const char *found;
    while ((found = strstr(text, HOME)) != NULL) {
        buf_add(&home, text, (size_t)(found - text));
        buf_add_str(&home, r->home);
        text = found + strlen(HOME);
    }
    buf_add_str(&home, text);
    return prepared_paths_expand(&r->paths, home.data);
}

static char **strings_resolve(const struct resolver *r, char *const *v)
{
    char **all = NULL;
    for (; v != NULL && *v != NULL; v++) {
        char *text = text_resolve(r, *v);
        if (text != NULL) {
            strv_add_take(&all, text);
        }
    }
    return all;
}

static void command_resolve(const struct resolver *r, char *const *command,
                            struct runtime_command *ret)
{
    AUTO(strv_freep) char **argv = strings_resolve(r, command);
    if (argv != NULL) {
        strv_add_take(&ret->argv, program_path(r, argv[0]));
        strv_add_all(&ret->argv, argv + 1);
    }
}

/* What was prepared when it was installed lies in its own directory. */
static void prepared_find(struct resolver *r)
{
    AUTO(mem_freep) char *prepared = xasprintf("%s/prepared", r->home);
    AUTO(mem_freep) char *base = xasprintf("%s/prepared-base", r->home);
    bool there = r->manifest->recipe->prepare != NULL && is_there(r, prepared + 1);
    r->paths.prepared = there ? xstrdup(prepared) : NULL;
    r->paths.base = there && is_there(r, base + 1) ? xstrdup(base) : NULL;
}

static void commands_resolve(const struct resolver *with, struct runtime *r)
{
    const struct recipe *recipe = with->manifest->recipe;
    const struct recipe_commands commands =
        recipe_runtime_commands(recipe, with->paths.prepared != NULL);
    r->env = strings_resolve(with, recipe->env);
    r->compile_env = strings_resolve(with, recipe->compile_env);
    r->warm = xstrdup(commands.warm);
    r->compile_warm = xstrdup(commands.compile_warm);
    command_resolve(with, commands.compile, &r->compile);
    command_resolve(with, commands.compile_many, &r->compile_many);
    command_resolve(with, commands.run, &r->run);
    command_resolve(with, commands.run_many, &r->run_many);
}

static void layers_set(struct runtime *r, const struct manifest *m)
{
    r->layers = xcalloc(m->layer_count + 1, sizeof(r->layers[0]));
    r->layers[0] = LAYER_GUEST;
    memcpy(r->layers + 1, m->layers, m->layer_count * sizeof(r->layers[0]));
    r->layer_count = r->run_layer_count = m->layer_count + 1;
}

static int manifest_check(const struct manifest *m, struct semver *ret_version, struct err *e)
{
    /* One place for LAYER_GUEST, and one for LAYER_NETWORK. */
    if (m->layer_count == 0 || m->layer_count > BOX_LAYERS_MAX - 2) {
        return err_set(e, ERR_INVALID, "%s: %zu layers: 1 to %d are possible", m->id,
                       m->layer_count, BOX_LAYERS_MAX - 2);
    }
    if (m->version == NULL || !semver_parse(m->version, ret_version)) {
        return err_set(e, ERR_INVALID, "%s: no version", m->id);
    }
    if (m->tool == NULL && m->recipe->tools != NULL) {
        return err_set(e, ERR_INVALID, "%s: it does not say where its tool is", m->id);
    }
    return 0;
}

int installed_runtime_new(int packages_fd, const struct manifest *m, struct runtime **ret,
                          struct err *e)
{
    struct semver version;
    int result = manifest_check(m, &version, e);
    if (result < 0) {
        return result;
    }
    struct resolver with = {
        .packages_fd = packages_fd, .manifest = m, .home = recipe_home(m->recipe)};
    struct runtime *r = recipe_runtime_new(m->recipe, m->source != NULL ? m->source : "package");
    r->generation = GENERATION;
    prepared_find(&with);
    commands_resolve(&with, r);
    layers_set(r, m);
    recipe_runtime_complete(r, m->recipe, &version);
    prepared_paths_done(&with.paths);
    free(with.home);
    if (r->run.argv == NULL) {
        runtime_unref(r);
        return err_set(e, ERR_INVALID,
                       "%s: there is nothing to run: its command needs what is not "
                       "prepared",
                       m->id);
    }
    *ret = r;
    return 0;
}
