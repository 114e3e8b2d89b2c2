/* SPDX-License-Identifier: Apache-2.0 */
#include "runtimes/host_runtime.h"

#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"
#include "model/runtime.h"
#include "model/semver.h"
#include "runtimes/host_recipes.h"
#include "runtimes/host_tool.h"
#include "runtimes/host_view.h"
#include "sandbox/launch.h"

#define VERSION_ALIAS "{x.y}"

static char **strings_copy(const char *const *v)
{
    char **copy = NULL;
    for (; v != NULL && *v != NULL; v++) {
        strv_add(&copy, *v);
    }
    return copy;
}

static bool needs_are_met(const struct host_view *view, const char *const *needs)
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

/* False when its program is not there; no command at all is fine. */
static bool command_resolve(const struct host_view *view, const char *const *command,
                            const struct host_tool *tool, struct runtime_command *ret)
{
    if (command == NULL) {
        return true;
    }
    char *program = program_path(view, command[0], tool);
    if (program == NULL) {
        return false;
    }
    strv_add_take(&ret->argv, program);
    for (const char *const *element = command + 1; *element != NULL; element++) {
        strv_add(&ret->argv, strcmp(*element, "{tool}") == 0 ? tool->path : *element);
    }
    return true;
}

static bool commands_resolve(const struct host_view *view, const struct host_recipe *recipe,
                             const struct host_tool *tool, struct runtime *r)
{
    return command_resolve(view, recipe->compile, tool, &r->compile) &&
           command_resolve(view, recipe->run, tool, &r->run) &&
           command_resolve(view, recipe->compile_many, tool, &r->compile_many) &&
           command_resolve(view, recipe->run_many, tool, &r->run_many);
}

struct runtime *host_runtime_new(const struct host_view *view, const struct host_recipe *recipe,
                                 const struct host_tool *tool)
{
    struct runtime *r = runtime_new();
    if (!needs_are_met(view, recipe->needs) || !commands_resolve(view, recipe, tool, r)) {
        runtime_unref(r);
        return NULL;
    }
    r->language = xstrdup(recipe->language);
    r->package = xstrdup(recipe->package);
    r->source = xstrdup("host");
    r->layers = xcalloc(BOX_LAYERS_MAX, sizeof(r->layers[0]));
    r->layer_count = launch_host_layers(r->layers);
    r->extensions = strings_copy(recipe->extensions);
    r->needs_extension = recipe->needs_extension;
    r->header_extensions = strings_copy(recipe->headers);
    r->default_name = xstrdup(recipe->default_name);
    r->warm = xstrdup(recipe->warm);
    r->warm_alone = recipe->warm_alone;
    r->warm_unless = strings_copy(recipe->warm_unless);
    r->env = strings_copy(recipe->env);
    r->hello = xstrdup(recipe->hello);
    r->compile_limits = recipe->compile_limits;
    r->run_limits = recipe->run_limits;
    return r;
}

void host_runtime_complete(struct runtime *r, const struct host_recipe *recipe,
                           const struct semver *version)
{
    char text[128];
    semver_format(version, text, sizeof(text));
    r->version = xstrdup(text);
    for (const char *const *alias = recipe->aliases; alias != NULL && *alias != NULL; alias++) {
        if (!str_ends(*alias, VERSION_ALIAS)) {
            strv_add(&r->aliases, *alias);
            continue;
        }
        strv_add_take(&r->aliases,
                      xasprintf("%.*s%llu.%llu", (int)(strlen(*alias) - strlen(VERSION_ALIAS)),
                                *alias, (unsigned long long)version->major,
                                (unsigned long long)version->minor));
    }
}
