/* SPDX-License-Identifier: Apache-2.0 */
#include "runtimes/unknown.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "recipes/advice.h"
#include "recipes/recipes.h"

#define NAME_MAX_CHARS 64

static bool is_told(const struct unknown *u, const char *name)
{
    for (size_t i = 0; i < u->count; i++) {
        if (strcmp(u->told[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* A recipe that cannot be read is of no help. */
static void on_unreadable(void *ctx, const struct err *e)
{
    (void)ctx;
    (void)e;
}

void unknown_tell(struct unknown *u, const struct log *log, const char *name, const char *range)
{
    AUTO(buf_done) struct buf advice = {0};
    AUTO(recipes_freep) struct recipes *recipes = NULL;
    if (strlen(name) > NAME_MAX_CHARS || u->count == UNKNOWN_NAMES_MAX || is_told(u, name)) {
        return;
    }
    u->told[u->count++] = xstrdup(name);
    recipes = recipes_new(NULL, on_unreadable, NULL);
    advice_install(recipes, name, range, &advice);
    if (advice.len > 0) {
        LOG_WARN(log, "a runtime is not there", log_s("language", name), log_s("version", range),
                 log_s("install", advice.data));
    }
}

void unknown_done(struct unknown *u)
{
    for (size_t i = 0; i < u->count; i++) {
        free(u->told[i]);
    }
    *u = (struct unknown){0};
}
