/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment: belljar's own variables, which must all be known, and the names of others
 * (Piston's and Judge0's above all), where the words keep the meaning that they have there.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/judge0_names.h"
#include "config/load.h"
#include "config/suggest.h"
#include "config/units.h"

#define OWN_PREFIX "BELLJAR_"
#define OWN_FILE   "BELLJAR_CONFIG"
/* Where a server is, and the key for it: of the commands that talk to one. */
#define OWN_URL "BELLJAR_URL"
#define OWN_KEY "BELLJAR_KEY"

const char *load_variable(char *const *environment, const char *name)
{
    size_t len = strlen(name);
    for (char *const *entry = environment; *entry; entry++) {
        if (strncmp(*entry, name, len) == 0 && (*entry)[len] == '=') {
            return *entry + len + 1;
        }
    }
    return NULL;
}

static bool is_own(const char *name)
{
    char own[OPTION_NAME_MAX];
    for (size_t i = 0; i < option_count; i++) {
        option_own_variable(&options[i], own);
        if (strcmp(own, name) == 0) {
            return true;
        }
    }
#ifdef BELLJAR_WEAKEN
    if (strcmp("BELLJAR_WEAKEN", name) == 0) { /* boxproto/weaken.h: only in such a build */
        return true;
    }
#endif
    return strcmp(OWN_FILE, name) == 0 || strcmp(OWN_URL, name) == 0 || strcmp(OWN_KEY, name) == 0;
}

static int unknown_variable(const char *name, struct err *e)
{
    struct suggest suggest = {.typed = name};
    char best[OPTION_NAME_MAX] = OWN_FILE;
    suggest_offer(&suggest, OWN_FILE);
    for (size_t i = 0; i < option_count; i++) {
        char own[OPTION_NAME_MAX];
        const char *before = suggest.best;
        option_own_variable(&options[i], own);
        suggest_offer(&suggest, own);
        if (suggest.best != before) {
            memcpy(best, own, sizeof(best));
            suggest.best = best;
        }
    }
    if (suggest.best) {
        return err_set(e, ERR_INVALID, "environment %.100s: unknown variable; did you mean %s?",
                       name, best);
    }
    return err_set(e, ERR_INVALID,
                   "environment %.100s: unknown variable; unset it ('belljar help options' lists "
                   "those that are read)",
                   name);
}

static int own_names_check(char *const *environment, struct err *e)
{
    for (char *const *entry = environment; *entry; entry++) {
        if (!str_starts(*entry, OWN_PREFIX)) {
            continue;
        }
        AUTO(mem_freep) char *name = xstrndup(*entry, strcspn(*entry, "="));
        if (!is_own(name)) {
            return unknown_variable(name, e);
        }
    }
    return 0;
}

/*
 * Piston's "no limit": -1 for memory, 0 and -1 for times.  There is always a limit here, so
 * belljar's own stays.
 */
static bool is_piston_none(const struct option *o, const char *name, const char *text)
{
    bool minus_one = strcmp(text, "-1") == 0;
    if (!str_starts(name, "PISTON_")) {
        return false;
    }
    return (o->type == OPTION_MS && (minus_one || strcmp(text, "0") == 0)) ||
           (str_ends(name, "_MEMORY_LIMIT") && minus_one);
}

/* "512" with a factor, or "8080" with an address, as the option reads it; anything else is left for
 * it to refuse. */
static char *translate(const struct option_name *name, const char *text)
{
    uint64_t n = 0;
    if (name->host[0]) {
        return xasprintf("%s:%s", name->host, text);
    }
    if (name->scale == 1 || !units_parse_count(text, &n) ||
        __builtin_mul_overflow(n, name->scale, &n)) {
        return xstrdup(text);
    }
    return xasprintf("%" PRIu64, n);
}

static int read_named(struct config *c, const struct option *o, const struct option_name *name,
                      const char *text, struct err *e)
{
    AUTO(mem_freep)
    char *place = name->scale == 1 ? xasprintf("environment %s", name->text)
                                   : xasprintf("environment %s=%.20s, times %" PRIu64, name->text,
                                               text, name->scale);
    if (is_piston_none(o, name->text, text)) {
        AUTO(mem_freep)
        char *kept =
            xasprintf("%s (%s=%s: Piston's word for none)", load_place(c, o), name->text, text);
        load_note(c, o, config_source(c, option_field_const(o, c)), kept);
        return 0;
    }
    const struct judge0_name *judge0 = judge0_name_find(name->text);
    if (judge0 && !name->host[0]) {
        return judge0_value(c, judge0, text, CONFIG_ENVIRONMENT, place, e);
    }
    AUTO(mem_freep) char *value = translate(name, text);
    return load_value(c, o, value, CONFIG_ENVIRONMENT, place, e);
}

/* The stronger name stands first in the table: so from the last to the first, then belljar's own.
 */
static int read_names(struct config *c, const struct option *o, const char *at,
                      char *const *environment, struct err *e)
{
    struct option_name name;
    if (!option_name_next(&at, &name)) {
        return 0;
    }
    int r = read_names(c, o, at, environment, e);
    const char *text = name.is_flag ? NULL : load_variable(environment, name.text);
    return r < 0 || !text ? r : read_named(c, o, &name, text, e);
}

static bool is_read(const char *variable)
{
    struct option_name name;
    for (size_t i = 0; i < option_count; i++) {
        for (const char *at = options[i].names; option_name_next(&at, &name);) {
            if (!name.is_flag && strcmp(name.text, variable) == 0) {
                return true;
            }
        }
    }
    return false;
}

/*
 * Judge0's names that any other program could have put there (MEMORY_LIMIT) are left alone, but not
 * in silence: who moves from a container sets them.
 */
static void unread_names_warn(struct config *c, char *const *environment)
{
    for (size_t i = 0; i < judge0_name_count; i++) {
        const struct judge0_name *judge0 = &judge0_names[i];
        const char *text = load_variable(environment, judge0->name);
        if (text && *text && str_starts(judge0->target, "judge0.") && !is_read(judge0->name)) {
            char own[OPTION_NAME_MAX];
            option_own_variable(option_find(judge0->target), own);
            load_warn(c,
                      "environment %s is not read, as it could be meant for any program; put it "
                      "into a judge0.conf (--judge0-conf FILE), or set %s",
                      judge0->name, own);
        }
    }
}

int load_environment(struct config *c, char *const *environment, struct err *e)
{
    int r = own_names_check(environment, e);
    for (size_t i = 0; r == 0 && i < option_count; i++) {
        r = read_names(c, &options[i], options[i].names, environment, e);
        struct option_name own = {.scale = 1};
        option_own_variable(&options[i], own.text);
        const char *text = load_variable(environment, own.text);
        if (r == 0 && text) {
            r = read_named(c, &options[i], &own, text, e);
        }
    }
    unread_names_warn(c, environment);
    return r;
}
