/* SPDX-License-Identifier: Apache-2.0 */
#include "runtimes/recipe_runtime.h"

#include <string.h>

#include "base/mem.h"
#include "base/strv.h"
#include "model/runtime.h"
#include "model/semver.h"
#include "recipes/recipe.h"

#define VERSION_ALIAS "{x.y}"

struct runtime *recipe_runtime_new(const struct recipe *recipe, const char *source)
{
    struct runtime *r = runtime_new();
    r->language = xstrdup(recipe->language);
    r->package = xstrdup(recipe->package);
    r->source = xstrdup(source);
    r->extensions = strv_dup(recipe->extensions);
    r->needs_extension = recipe->needs_extension;
    r->header_extensions = strv_dup(recipe->headers);
    r->default_name = xstrdup(recipe->file);
    r->one_stage = recipe->one_stage;
    r->warm_alone = recipe->warm_alone;
    r->compile_warm_alone = recipe->compile_warm_alone;
    r->warm_unless = strv_dup(recipe->warm_unless);
    r->compile_warm_unless = strv_dup(recipe->compile_warm_unless);
    r->hello = xstrdup(recipe->tests.hello);
    r->compile_limits = recipe->compile_limits;
    r->run_limits = recipe->run_limits;
    return r;
}

struct recipe_commands recipe_runtime_commands(const struct recipe *recipe, bool prepared)
{
    const struct recipe_commands *plain = &recipe->commands, *own = &recipe->when_prepared;
    if (!prepared) {
        return *plain;
    }
    return (struct recipe_commands){
        .compile = own->compile ? own->compile : plain->compile,
        .run = own->run ? own->run : plain->run,
        .compile_many = own->compile_many ? own->compile_many : plain->compile_many,
        .run_many = own->run_many ? own->run_many : plain->run_many,
        .compile_warm = own->compile_warm ? own->compile_warm : plain->compile_warm,
        .warm = own->warm ? own->warm : plain->warm,
    };
}

void recipe_runtime_complete(struct runtime *r, const struct recipe *recipe,
                             const struct semver *version)
{
    char text[128];
    semver_format(version, text, sizeof(text));
    r->version = xstrdup(text);
    for (char *const *alias = recipe->aliases; alias != NULL && *alias != NULL; alias++) {
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
