/* SPDX-License-Identifier: Apache-2.0 */
#include "config/judge0_names.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/judge0_text.h"
#include "config/load.h"
#include "config/units.h"

#define NO_REDIS                                                                                   \
    "belljar needs no Redis: its queue is in memory, and is rebuilt from the store at each start"
#define NO_DATABASE                                                                                \
    "belljar needs no database server: submissions are kept in SQLite in the data directory "      \
    "(store.keep, server.data)"
#define NO_WORKERS                                                                                 \
    "there are no worker processes: this server runs the programs, engine.slots of them at a time"
#define NO_RAILS "there is no Rails: one server process answers all requests, and keeps no sessions"

const struct judge0_name judge0_names[] = {
#define X(name, kind, target) {name, JUDGE0_##kind, target},
#include "config/judge0_names.def"
#undef X
};
const size_t judge0_name_count = ARRAY_LEN(judge0_names);

/* Where the form with sections means something else than the variable of the same name. */
static const struct judge0_name section_names[] = {
    {"MAX_WAIT_RESULT_TIMEOUT", JUDGE0_SECONDS, "judge0.max_wait_ms"},
    {"ENABLE_PER_PROCESS_AND_THREAD_TIME_LIMIT", JUDGE0_ON,
     "judge0.allow_enable_per_process_and_thread_time_limit"},
    {"ENABLE_PER_PROCESS_AND_THREAD_MEMORY_LIMIT", JUDGE0_ON,
     "judge0.allow_enable_per_process_and_thread_memory_limit"},
    {"HOST", JUDGE0_HOST, "server.listen"},
};

static const struct judge0_name *find(const struct judge0_name *list, size_t count,
                                      const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].name, name) == 0) {
            return &list[i];
        }
    }
    return NULL;
}

const struct judge0_name *judge0_name_find(const char *name)
{
    return find(judge0_names, judge0_name_count, name);
}

bool judge0_name_of_setting(const struct judge0_setting *s, bool has_sections,
                            struct judge0_name *ret)
{
    if (!has_sections) {
        const struct judge0_name *found = judge0_name_find(s->name);
        *ret = found ? *found : *ret;
        return found;
    }
    bool is_redis = strcmp(s->section, "redis") == 0;
    if (is_redis || strcmp(s->section, "database") == 0) {
        *ret = (struct judge0_name){s->name, JUDGE0_UNUSED, is_redis ? NO_REDIS : NO_DATABASE};
        return true;
    }
    AUTO(mem_freep) char *upper = xstrdup(s->name);
    for (char *c = upper; *c; c++) {
        char big = (char)toupper((unsigned char)*c);
        *c = big;
    }
    const struct judge0_name *found = find(section_names, ARRAY_LEN(section_names), upper);
    found = found ? found : judge0_name_find(upper);
    if (!found) {
        return false;
    }
    *ret = *found;
    ret->kind = ret->kind == JUDGE0_SECONDS && strcmp(upper, "MAX_WAIT_RESULT_TIMEOUT") != 0
                    ? JUDGE0_MS
                    : ret->kind;
    return true;
}

/* --- values ----------------------------------------------------------------------------------- */

struct unit {
    const char *name;                               /* " seconds" */
    bool (*parse)(const char *text, uint64_t *ret); /* into thousandths, for 1000 */
    uint64_t factor; /* what is parsed, times this, is the option's unit */
    double divisor;  /* the option's unit in this one */
};

static struct unit unit_of(enum judge0_kind kind)
{
    switch ((int)kind) {
    case JUDGE0_SECONDS:
        return (struct unit){" seconds", units_parse_milli, 1, 1000};
    case JUDGE0_MS:
        return (struct unit){" milliseconds", units_parse_count, 1, 1};
    case JUDGE0_KILOBYTES:
        return (struct unit){" KB", units_parse_count, 1024, 1024};
    default:
        return (struct unit){"", units_parse_count, 1, 1};
    }
}

static int number_value(struct config *c, const struct option *o, const struct judge0_name *name,
                        const char *text, struct err *e)
{
    struct unit unit = unit_of(name->kind);
    uint64_t n = 0;
    bool is_number = unit.parse(text, &n);
    if (is_number && !__builtin_mul_overflow(n, unit.factor, &n) && n >= o->min && n <= o->max) {
        *(uint64_t *)option_field(o, c) = n;
        return 0;
    }
    uint64_t ignored = 0;
    bool is_negative = text[0] == '-' && unit.parse(text + 1, &ignored);
    return err_set(e, ERR_INVALID, "%s is '%.60s', which is %s; give %.16g to %.16g%s", name->name,
                   text, is_number || is_negative ? "out of range" : "not a number",
                   (double)o->min / unit.divisor, (double)o->max / unit.divisor, unit.name);
}

static void bool_value(struct config *c, const struct option *o, const struct judge0_name *name,
                       const char *text, const char *place)
{
    bool preset = name->kind == JUDGE0_ON;
    bool value = strcmp(text, preset ? "false" : "true") == 0 ? !preset : preset;
    *(bool *)option_field(o, c) = value;
    if (strcmp(text, value ? "true" : "false") != 0) {
        load_warn(c, "%s: %s is '%.60s', which Judge0 takes for %s; write true or false", place,
                  name->name, text, value ? "true" : "false");
    }
}

static void words_value(struct config *c, const struct option *o, const char *text)
{
    char ***field = option_field(o, c);
    strv_free(*field);
    *field = strv_split(text, " \t\r\n");
}

/* One half of the first address that is listened on; the other stays. */
static int address_value(struct config *c, const struct option *o, const struct judge0_name *name,
                         const char *text, struct err *e)
{
    const char *now = c->listen[0], *colon = strrchr(now, ':');
    bool is_port = name->kind == JUDGE0_PORT;
    bool is_v6 = !is_port && strchr(text, ':') && *text != '[';
    AUTO(mem_freep)
    char *address = is_port
                        ? xasprintf("%.*s:%s", (int)(colon - now), now, text)
                        : xasprintf("%s%s%s%s", is_v6 ? "[" : "", text, is_v6 ? "]" : "", colon);
    struct err why;
    if (option_read(o, address, false, c, &why) < 0) {
        return err_set(e, ERR_INVALID, "%s is '%.60s', which is %s", name->name, text,
                       is_port ? "no port; give 0 to 65535"
                               : "no address; give one such as 0.0.0.0");
    }
    return 0;
}

static int value_set(struct config *c, const struct option *o, const struct judge0_name *name,
                     const char *text, const char *place, struct err *e)
{
    switch (name->kind) {
    case JUDGE0_COUNT:
    case JUDGE0_SECONDS:
    case JUDGE0_MS:
    case JUDGE0_KILOBYTES:
        return number_value(c, o, name, text, e);
    case JUDGE0_ON:
    case JUDGE0_OFF:
        bool_value(c, o, name, text, place);
        return 0;
    case JUDGE0_WORDS:
        words_value(c, o, text);
        return 0;
    case JUDGE0_HOST:
    case JUDGE0_PORT:
        return address_value(c, o, name, text, e);
    case JUDGE0_TEXT:
    case JUDGE0_UNUSED:
        break;
    }
    return option_read(o, text, false, c, e);
}

int judge0_value(struct config *c, const struct judge0_name *name, const char *text,
                 enum config_source source, const char *place, struct err *e)
{
    const struct option *o = option_find(name->target);
    if (!o) {
        return err_set(e, ERR_BUG, "%s sets '%s', which is no option", name->name, name->target);
    }
    if (!*text) {
        return 0;
    }
    int r = value_set(c, o, name, text, place, e);
    if (r < 0) {
        return err_wrap(e, "%s", place);
    }
    load_note(c, o, source, place);
    return 0;
}
