/* SPDX-License-Identifier: Apache-2.0 */
#include "runtimes/unknown.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "recipes/advice.h"
#include "recipes/recipes.h"

#define NAME_MAX_CHARS 64
#define FRESH_NS       NS_PER_S

static bool is_told(const struct unknown *u, const char *name)
{
    for (size_t i = 0; i < u->count; i++) {
        if (strcmp(u->told[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Reading them takes some milliseconds, and whoever may send requests decides how often. */
const struct recipes *unknown_recipes(struct unknown *u)
{
    uint64_t now = clock_mono_ns(&clock_system);
    if (!u->recipes || now - u->read_ns >= FRESH_NS) {
        recipes_free(u->recipes);
        u->recipes = recipes_new_beside(u->packages_fd);
        u->read_ns = now;
    }
    return u->recipes;
}

void unknown_tell(struct unknown *u, const struct log *log, const char *name, const char *range)
{
    AUTO(buf_done) struct buf advice = {0};
    if (strlen(name) > NAME_MAX_CHARS || u->count == UNKNOWN_NAMES_MAX || is_told(u, name)) {
        return;
    }
    advice_install(unknown_recipes(u), name, range, &advice);
    if (advice.len > 0) {
        u->told[u->count++] = xstrdup(name);
        LOG_WARN(log, "a runtime is not there", log_s("language", name), log_s("version", range),
                 log_s("install", advice.data));
    }
}

void unknown_done(struct unknown *u)
{
    for (size_t i = 0; i < u->count; i++) {
        free(u->told[i]);
    }
    recipes_free(u->recipes);
    *u = (struct unknown){.packages_fd = -1};
}
