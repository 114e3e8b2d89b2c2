/* SPDX-License-Identifier: Apache-2.0 */
#include "runtimes/host_runtime.h"

#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"
#include "model/runtime.h"
#include "recipes/recipe.h"
#include "runtimes/host_tool.h"
#include "runtimes/host_view.h"
#include "runtimes/preparation.h"
#include "runtimes/recipe_runtime.h"
#include "sandbox/launch.h"

static bool needs_are_met(const struct host_view *view, char *const *needs)
{
    for (; needs != NULL && *needs != NULL; needs++) {
        if ((*needs)[0] == '/') {
            if (access(*needs, F_OK) < 0) {
                return false;
            }
            continue;
        }
        AUTO(mem_freep) char *path = host_tool_path(view, *needs, NULL);
        if (path == NULL) {
            return false;
        }
    }
    return true;
}

/* The path of a command's first element; NULL when that program is not there. */
static char *program_path(const struct host_view *view, const char *name,
                          const struct host_tool *tool)
{
    if (strcmp(name, "{tool}") == 0) {
        return xstrdup(tool->path);
    }
    if (strchr(name, '/') != NULL) {
        return xstrdup(name);
    }
    return host_tool_path(view, name, tool->real);
}

struct resolver {
    const struct host_view *view;
    const struct host_tool *tool;
    struct prepared_paths paths;
};

static bool is_prepared(const char *text)
{
    return strstr(text, PREPARED_DIR "/") != NULL;
}

/* What needs something that is not prepared is left out; *ret_uses: something is used. */
static void strings_resolve(const struct resolver *r, char *const *v, char ***ret, bool *ret_uses)
{
    for (; v != NULL && *v != NULL; v++) {
        if (strcmp(*v, "{tool}") == 0) {
            strv_add(ret, r->tool->path);
            continue;
        }
        char *text = prepared_paths_expand(&r->paths, *v);
        if (text != NULL) {
            *ret_uses = *ret_uses || is_prepared(text);
            strv_add_take(ret, text);
        }
    }
}

/* False when its program is not there; no command at all is fine. */
static bool command_resolve(const struct resolver *r, char *const *command,
                            struct runtime_command *ret, bool *ret_uses)
{
    if (command == NULL) {
        return true;
    }
    char *program = program_path(r->view, command[0], r->tool);
    if (program == NULL) {
        return false;
    }
    strv_add_take(&ret->argv, program);
    strings_resolve(r, command + 1, &ret->argv, ret_uses);
    return true;
}

static bool commands_resolve(const struct resolver *with, const struct recipe *recipe,
                             struct runtime *r, bool *ret_compile_uses, bool *ret_run_uses)
{
    const struct preparation *p = host_view_preparation(with->view, recipe);
    const struct recipe_commands commands =
        recipe_runtime_commands(recipe, prepared_paths_complete(&with->paths, p));
    strings_resolve(with, recipe->env, &r->env, ret_run_uses);
    strings_resolve(with, recipe->compile_env, &r->compile_env, ret_compile_uses);
    r->warm = xstrdup(commands.warm);
    r->compile_warm = xstrdup(commands.compile_warm);
    return command_resolve(with, commands.compile, &r->compile, ret_compile_uses) &&
           command_resolve(with, commands.compile_many, &r->compile_many, ret_compile_uses) &&
           command_resolve(with, commands.run, &r->run, ret_run_uses) &&
           command_resolve(with, commands.run_many, &r->run_many, ret_run_uses);
}

/* Below all others, and in boxes of a stage that uses it alone. */
static void layers_set(struct runtime *r, bool compile_uses, bool run_uses)
{
    r->layers = xcalloc(BOX_LAYERS_MAX, sizeof(r->layers[0]));
    r->layer_count = r->run_layer_count = launch_host_layers(r->layers);
    if (compile_uses || run_uses) {
        r->layers[r->layer_count++] = LAYER_PREPARED;
        r->run_layer_count = run_uses ? r->layer_count : r->run_layer_count;
    }
}

static bool runtime_resolve(struct runtime *r, const struct host_view *view,
                            const struct recipe *recipe, const struct host_tool *tool,
                            int prepared_fd)
{
    struct resolver with = {.view = view, .tool = tool};
    bool compile_uses = false, run_uses = false;
    prepared_paths_init(&with.paths, host_view_preparation(view, recipe), tool, prepared_fd);
    bool there = commands_resolve(&with, recipe, r, &compile_uses, &run_uses);
    prepared_paths_done(&with.paths);
    layers_set(r, compile_uses, run_uses);
    return there;
}

struct runtime *host_runtime_new(const struct host_view *view, const struct recipe *recipe,
                                 const struct host_tool *tool, int prepared_fd)
{
    struct runtime *r = recipe_runtime_new(recipe, RUNTIME_OF_HOST);
    if (!needs_are_met(view, recipe->needs) ||
        !runtime_resolve(r, view, recipe, tool, prepared_fd)) {
        runtime_unref(r);
        return NULL;
    }
    return r;
}
