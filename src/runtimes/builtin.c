/* SPDX-License-Identifier: Apache-2.0 */
#include "runtimes/builtin.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "model/semver.h"
#include "recipes/recipe.h"
#include "runtimes/host_runtime.h"
#include "runtimes/host_tool.h"
#include "runtimes/host_view.h"
#include "runtimes/recipe_runtime.h"

struct builtin {
    const char *name;
    const char *text; /* as a recipe's file */
};

/*
 * The version is that of the Debian package, where there is one.  /bin/bash by that name: what it
 * says of a script that is not there begins with it.
 */
static const struct builtin builtins[BUILTIN_COUNT] = {
    {"text", "language = 'text'\n"
             "tools = ['cat']\n"
             "extensions = ['.txt']\n"
             "file = 'text.txt'\n"
             "run = ['{tool}', '{main}']\n"
             "ask.package = 'coreutils'\n"
             "tests.hello = \"Hello, World!\\n\"\n"},
    {"executable", "language = 'executable'\n"
                   "extensions = ['.out']\n"
                   "file = 'a.out'\n"
                   "run = ['./{main}', '{args}']\n"
                   "tests.hello = \"#!/bin/sh\\necho 'Hello, World!'\\n\"\n"},
    {"scripts", "language = 'scripts'\n"
                "tools = ['bash']\n"
                "extensions = ['.sh']\n"
                "file = 'run.sh'\n"
                "compile = ['sh', '-c', 'for f in compile.sh compile; do "
                "[ ! -f $f ] || exec /bin/bash $f; done']\n"
                "run = ['sh', '-c', '[ ! -f run.sh ] || exec /bin/bash run.sh; "
                "exec /bin/bash run']\n"
                "ask.package = 'bash'\n"
                "host.needs = ['/bin/bash', 'sh']\n"
                "tests.hello = \"echo 'Hello, World!'\\n\"\n"},
};

size_t builtin_find(const char *name)
{
    size_t i = 0;
    while (i < BUILTIN_COUNT && strcmp(builtins[i].name, name) != 0) {
        i++;
    }
    return i;
}

static struct semver version_of(const struct host_view *view, const struct recipe *recipe)
{
    struct semver version;
    AUTO(mem_freep)
    char *text =
        recipe->ask_package != NULL ? host_package_version(view, recipe->ask_package) : NULL;
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

/* NULL only by a mistake of this file, which its test finds. */
static struct recipe *recipe_of(const struct builtin *b)
{
    AUTO(mem_freep) char *id = xasprintf("builtin/%s", b->name);
    struct recipe *recipe = NULL;
    struct err e;
    recipe_parse(id, b->text, strlen(b->text), NULL, NULL, &recipe, &e);
    return recipe;
}

struct runtime *builtin_new(const struct host_view *view, size_t index)
{
    AUTO(recipe_unrefp) struct recipe *recipe = recipe_of(&builtins[index]);
    struct host_tool tool = {0};
    if (recipe == NULL || (recipe->tools != NULL && !find_tool(view, recipe->tools[0], &tool))) {
        return NULL;
    }
    struct runtime *r = host_runtime_new(view, recipe, &tool, -1);
    host_tool_done(&tool);
    if (r != NULL) {
        struct semver version = version_of(view, recipe);
        recipe_runtime_complete(r, recipe, &version);
    }
    return r;
}
