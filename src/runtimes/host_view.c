/* SPDX-License-Identifier: Apache-2.0 */
#include "runtimes/host_view.h"

#include <string.h>

#include "recipes/recipe.h"
#include "runtimes/host_preparations.h"
#include "runtimes/java_preparations.h"

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct named_preparation preparations[] = {
    {"c++", &prepared_cpp},
    {"go", &prepared_go},
    {"java", &prepared_java},
    {"scala", &prepared_scala},
    {"groovy", &prepared_groovy},
    {"clojure", &prepared_clojure},
    {NULL, NULL},
};

const struct host_view host_view_system = {
    .preparations = preparations,
    .tool_dirs = LIST("/usr/local/bin", "/usr/local/go/bin", "/usr/bin", "/bin"),
    .visible = LIST("/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/", "/etc/alternatives/"),
    .package_dir = "/var/lib/dpkg",
};

const struct preparation *host_view_preparation(const struct host_view *view,
                                                const struct recipe *recipe)
{
    const struct named_preparation *p = recipe->prepare != NULL ? view->preparations : NULL;
    while (p != NULL && p->name != NULL) {
        if (strcmp(p->name, recipe->prepare) == 0) {
            return p->preparation;
        }
        p++;
    }
    return NULL;
}

const struct preparation *host_preparation(const struct recipe *recipe)
{
    return host_view_preparation(&host_view_system, recipe);
}
