/* SPDX-License-Identifier: Apache-2.0 */
#include "runtimes/builtin.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "model/semver.h"
#include "runtimes/host_recipes.h"
#include "runtimes/host_runtime.h"
#include "runtimes/host_tool.h"
#include "runtimes/host_view.h"

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

/* /bin/bash by that name: what it says of a script that is not there begins with it. */
#define COMPILE_SCRIPT "for f in compile.sh compile; do [ ! -f $f ] || exec /bin/bash $f; done"
#define RUN_SCRIPT     "[ ! -f run.sh ] || exec /bin/bash run.sh; exec /bin/bash run"

/* The version is that of the Debian package, where there is one. */
static const struct host_recipe builtins[BUILTIN_COUNT] = {
    {
        .language = "text",
        .tools = LIST("cat"),
        .version_package = "coreutils",
        .extensions = LIST(".txt"),
        .default_name = "text.txt",
        .run = LIST("{tool}", "{main}"),
        .hello = "Hello, World!\n",
    },
    {
        .language = "executable",
        .extensions = LIST(".out"),
        .default_name = "a.out",
        .run = LIST("./{main}", "{args}"),
        .hello = "#!/bin/sh\necho 'Hello, World!'\n",
    },
    {
        .language = "scripts",
        .tools = LIST("bash"),
        .needs = LIST("/bin/bash", "sh"),
        .version_package = "bash",
        .extensions = LIST(".sh"),
        .default_name = "run.sh",
        .compile = LIST("sh", "-c", COMPILE_SCRIPT),
        .run = LIST("sh", "-c", RUN_SCRIPT),
        .hello = "echo 'Hello, World!'\n",
    },
};

size_t builtin_find(const char *name)
{
    size_t i = 0;
    while (i < BUILTIN_COUNT && strcmp(builtins[i].language, name) != 0) {
        i++;
    }
    return i;
}

static struct semver version_of(const struct host_view *view, const struct host_recipe *recipe)
{
    struct semver version;
    AUTO(mem_freep)
    char *text = recipe->version_package != NULL
                     ? host_package_version(view, recipe->version_package)
                     : NULL;
    if (text == NULL || !semver_coerce(text, &version)) {
        semver_coerce(BELLJAR_VERSION, &version);
    }
    return version;
}

static bool find_tool(const struct host_view *view, const char *name, struct host_tool *ret)
{
    for (const char *const *dir = view->tool_dirs; *dir != NULL; dir++) {
        if (host_tool_at(view, *dir, name, ret)) {
            return true;
        }
    }
    return false;
}

struct runtime *builtin_new(const struct host_view *view, size_t index)
{
    const struct host_recipe *recipe = &builtins[index];
    struct host_tool tool = {0};
    if (recipe->tools != NULL && !find_tool(view, recipe->tools[0], &tool)) {
        return NULL;
    }
    struct runtime *r = host_runtime_new(view, recipe, &tool, -1);
    host_tool_done(&tool);
    if (r != NULL) {
        struct semver version = version_of(view, recipe);
        host_runtime_complete(r, recipe, &version);
    }
    return r;
}
