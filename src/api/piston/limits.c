/* SPDX-License-Identifier: Apache-2.0 */
#include "api/piston/limits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "api/piston/js.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "config/config.h"
#include "model/runtime.h"

enum stage_bit { OF_COMPILE = 1, OF_RUN = 2 };

/* How a field of struct limits is called in an override. */
struct limit_name {
    const char *name;
    size_t offset;
    unsigned stages;
    bool narrow; /* uint32_t */
};

static const struct limit_name override_names[] = {
    {"max_process_count", offsetof(struct limits, processes), OF_COMPILE | OF_RUN, true},
    {"max_open_files", offsetof(struct limits, open_files), OF_COMPILE | OF_RUN, true},
    {"max_file_size", offsetof(struct limits, file_bytes), OF_COMPILE | OF_RUN, false},
    {"output_max_size", offsetof(struct limits, output_bytes), OF_COMPILE | OF_RUN, false},
    {"compile_memory_limit", offsetof(struct limits, memory_bytes), OF_COMPILE, false},
    {"run_memory_limit", offsetof(struct limits, memory_bytes), OF_RUN, false},
    {"compile_timeout", offsetof(struct limits, wall_ms), OF_COMPILE, false},
    {"run_timeout", offsetof(struct limits, wall_ms), OF_RUN, false},
    {"compile_cpu_time", offsetof(struct limits, cpu_ms), OF_COMPILE, false},
    {"run_cpu_time", offsetof(struct limits, cpu_ms), OF_RUN, false},
};

#define LARGEST 1e15 /* of a limit: far below what uint64_t and nanoseconds in it can hold */

static void field_set(struct limits *l, const struct limit_name *n, uint64_t value)
{
    char *field = (char *)l + n->offset;
    if (n->narrow) {
        *(uint32_t *)(void *)field = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
    } else {
        *(uint64_t *)(void *)field = value;
    }
}

/* Overrides */

struct limit_overrides {
    json_t *by_language;
};

static const struct limit_name *override_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(override_names); i++) {
        if (strcmp(override_names[i].name, name) == 0) {
            return &override_names[i];
        }
    }
    return NULL;
}

static int override_check(const char *language, json_t *limits, struct err *e)
{
    const char *key;
    json_t *value;
    if (!json_is_object(limits)) {
        return err_set(e, ERR_INVALID, "%s: must be an object of limits", language);
    }
    json_object_foreach(limits, key, value)
    {
        if (override_find(key) == NULL) {
            return err_set(
                e, ERR_INVALID,
                "%s.%s: no such limit; there are max_process_count, max_open_files, max_file_size, "
                "output_max_size and compile_ or run_ with memory_limit, timeout, cpu_time",
                language, key);
        }
        double number = json_number_value(value);
        if (!json_is_number(value) || number != floor(number) || number < -1 || number > LARGEST) {
            return err_set(e, ERR_INVALID, "%s.%s: must be a whole number", language, key);
        }
    }
    return 0;
}

int limit_overrides_parse(const char *text, struct limit_overrides **ret, struct err *e)
{
    AUTO(json_freep) json_t *all = NULL;
    int r = json_parse(text[0] != '\0' ? text : "{}", text[0] != '\0' ? strlen(text) : 2, &all, e);
    if (r == 0 && !json_is_object(all)) {
        r = err_set(e, ERR_INVALID, "must be an object such as {\"c++\":{\"run_timeout\":5000}}");
    }
    const char *language;
    json_t *limits;
    json_object_foreach(all, language, limits)
    {
        r = r == 0 ? override_check(language, limits, e) : r;
    }
    if (r < 0) {
        return err_wrap(e, "piston.limit_overrides");
    }
    struct limit_overrides *o = xcalloc(1, sizeof(*o));
    o->by_language = TAKE(&all, NULL);
    *ret = o;
    return 0;
}

void limit_overrides_free(struct limit_overrides *o)
{
    if (o != NULL) {
        json_decref(o->by_language);
        free(o);
    }
}

/* 0 and -1 cannot override: as in Piston, the next one counts. */
static void overrides_apply(const struct limit_overrides *o, const char *language,
                            struct limits *compile, struct limits *run)
{
    json_t *limits = json_object_get(o->by_language, language), *value;
    const char *key;
    json_object_foreach(limits, key, value)
    {
        const struct limit_name *n = override_find(key);
        double number = json_number_value(value);
        if (n == NULL) {
            continue; /* override_check has left none such */
        }
        if (number > 0 && (n->stages & OF_COMPILE) != 0) {
            field_set(compile, n, (uint64_t)number);
        }
        if (number > 0 && (n->stages & OF_RUN) != 0) {
            field_set(run, n, (uint64_t)number);
        }
    }
}

/* What is configured */

#define OVERLAY(to, from, field) (to)->field = (from)->field != 0 ? (from)->field : (to)->field

static void overlay(struct limits *to, const struct limits *from)
{
    OVERLAY(to, from, wall_ms);
    OVERLAY(to, from, cpu_ms);
    OVERLAY(to, from, memory_bytes);
    OVERLAY(to, from, stack_bytes);
    OVERLAY(to, from, disk_bytes);
    OVERLAY(to, from, disk_inodes);
    OVERLAY(to, from, file_bytes);
    OVERLAY(to, from, output_bytes);
    OVERLAY(to, from, open_files);
    OVERLAY(to, from, processes);
    OVERLAY(to, from, cpu_milli);
}

void limits_configured(const struct config *config, const struct limit_overrides *overrides,
                       const struct runtime *runtime, struct limits *ret_compile,
                       struct limits *ret_run)
{
    struct limits both = {
        .stack_bytes = config->stack_bytes,
        .disk_bytes = config->disk_bytes,
        .disk_inodes = config->disk_inodes,
        .file_bytes = config->file_bytes,
        .output_bytes = config->output_bytes,
        .open_files = (uint32_t)config->open_files,
        .processes = (uint32_t)config->processes,
    };
    *ret_compile = *ret_run = both;
    ret_compile->wall_ms = config->compile_wall_ms;
    ret_compile->cpu_ms = config->compile_cpu_ms;
    ret_compile->memory_bytes = config->compile_memory_bytes;
    ret_run->wall_ms = config->run_wall_ms;
    ret_run->cpu_ms = config->run_cpu_ms;
    ret_run->memory_bytes = config->run_memory_bytes;
    overlay(ret_compile, &runtime->compile_limits);
    overlay(ret_run, &runtime->run_limits);
    overrides_apply(overrides, runtime->language, ret_compile, ret_run);
}

/* What is asked for */

/* `stock` is what Piston's own clients send without being asked. */
struct asked_limit {
    const char *name;
    bool compile;
    size_t offset;
    double stock;
};

/* In the order of Piston's checks: which one is told first shows. */
static const struct asked_limit asked_limits[] = {
    {"compile_memory_limit", true, offsetof(struct limits, memory_bytes), 0},
    {"run_memory_limit", false, offsetof(struct limits, memory_bytes), 0},
    {"compile_timeout", true, offsetof(struct limits, wall_ms), 10000},
    {"run_timeout", false, offsetof(struct limits, wall_ms), 3000},
    {"compile_cpu_time", true, offsetof(struct limits, cpu_ms), 0},
    {"run_cpu_time", false, offsetof(struct limits, cpu_ms), 0},
};

/* Asks for no limit of its own. */
static bool is_default(const json_t *value)
{
    return !js_truthy(value) || (json_is_number(value) && json_number_value(value) == -1);
}

static int check_number(const char *name, const json_t *value, double most, bool clamp, double *ret,
                        struct err *e)
{
    double number = json_number_value(value);
    if (!json_is_number(value)) {
        return err_set(e, ERR_INVALID, "If specified, %s must be a number", name);
    }
    if (most > 0 && number > most && !clamp) {
        return err_set(e, ERR_LIMIT, "%s cannot exceed the configured limit of %.0f", name, most);
    }
    if (number < 0) {
        return err_set(e, ERR_INVALID, "%s must be non-negative", name);
    }
    *ret = most > 0 && number > most ? most : fmin(ceil(number), LARGEST);
    return 0;
}

static int limit_lower(const struct asked_limit *a, const json_t *body, bool clamp,
                       struct limits *l, struct err *e)
{
    uint64_t *field = (uint64_t *)(void *)((char *)l + a->offset);
    const json_t *value = json_object_get(body, a->name);
    if (is_default(value)) {
        return 0;
    }
    bool stock = json_is_number(value) && a->stock != 0 && json_number_value(value) == a->stock;
    double number = 0;
    int r = check_number(a->name, value, (double)*field, clamp || stock, &number, e);
    if (r == 0) {
        *field = (uint64_t)number;
    }
    return r;
}

/* `memory_limit`, in KB, is for the stages that have no memory limit of their own. */
static int memory_lower(const json_t *body, bool clamp, struct limits *compile, struct limits *run,
                        struct err *e)
{
    const json_t *value = json_object_get(body, "memory_limit");
    if (is_default(value)) {
        return 0;
    }
    struct limits *const stages[] = {compile, run};
    static const char *const own[] = {"compile_memory_limit", "run_memory_limit"};
    for (size_t i = 0; i < ARRAY_LEN(stages); i++) {
        uint64_t most = stages[i]->memory_bytes / 1024;
        double number = 0;
        int r = is_default(json_object_get(body, own[i]))
                    ? check_number("memory_limit", value, (double)most, clamp, &number, e)
                    : 0;
        if (r < 0) {
            return r;
        }
        if (number > 0) {
            stages[i]->memory_bytes = (uint64_t)number * 1024;
        }
    }
    return 0;
}

int limits_request(const json_t *body, bool clamp, struct limits *compile, struct limits *run,
                   struct err *e)
{
    int r = memory_lower(body, clamp, compile, run, e);
    for (size_t i = 0; i < ARRAY_LEN(asked_limits) && r == 0; i++) {
        const struct asked_limit *a = &asked_limits[i];
        r = limit_lower(a, body, clamp, a->compile ? compile : run, e);
    }
    return r;
}
