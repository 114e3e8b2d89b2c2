/* SPDX-License-Identifier: Apache-2.0 */
#include "model/runtime.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strv.h"

struct runtime *runtime_new(void)
{
    struct runtime *r = xcalloc(1, sizeof(*r));
    r->refs = 1;
    return r;
}

struct runtime *runtime_ref(struct runtime *r)
{
    r->refs++;
    return r;
}

void runtime_unref(struct runtime *r)
{
    if (r == NULL || --r->refs > 0) {
        return;
    }
    if (r->on_end != NULL) {
        r->on_end(r, r->on_end_ctx);
    }
    char *strings[] = {r->language,     r->version, r->package,      r->source,
                       r->default_name, r->warm,    r->compile_warm, r->hello};
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        free(strings[i]);
    }
    char **vectors[] = {
        r->aliases,     r->extensions,          r->header_extensions, r->compile.argv,
        r->run.argv,    r->compile_many.argv,   r->run_many.argv,     r->env,
        r->warm_unless, r->compile_warm_unless, r->compile_env,
    };
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        strv_free(vectors[i]);
    }
    free(r->layers);
    free(r);
}

bool runtime_is_compiled(const struct runtime *r)
{
    return r->compile.argv != NULL;
}

bool runtime_has_name(const struct runtime *r, const char *name)
{
    return strcmp(r->language, name) == 0 || strv_has(r->aliases, name);
}

bool runtime_is_of_package(const struct runtime *r, const char *name)
{
    return r->package != NULL && strcmp(r->package, name) == 0;
}
