/* SPDX-License-Identifier: Apache-2.0 */
#include "api/judge0/validate.h"

#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/judge0/cast.h"
#include "api/judge0/judge0.h"
#include "api/judge0/languages.h"
#include "api/judge0/text.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/config.h"
#include "keys/keys.h"
#include "model/execution.h"
#include "model/limits.h"

#define TEXT_MAX_CHARACTERS 512

/* --- the attributes ---------------------------------------------------------------------- */

enum number_kind { NUMBER_COUNT, NUMBER_SECONDS };

enum number_attribute {
    RUNS,
    CPU_TIME,
    EXTRA_TIME,
    WALL_TIME,
    MEMORY,
    STACK,
    PROCESSES,
    FILE_SIZE,
    NUMBER_ATTRIBUTES
};

static const struct number_rule {
    const char *name;
    enum number_kind kind;
    bool above_zero; /* else: at least `min` */
    unsigned min;
    size_t usual, max; /* offsets of the settings: milliseconds for seconds */
} number_rules[NUMBER_ATTRIBUTES] = {
#define SETTINGS(usual, max) offsetof(struct config, usual), offsetof(struct config, max)
    [RUNS] = {"number_of_runs", NUMBER_COUNT, true, 0, SETTINGS(judge0_runs, judge0_runs_max)},
    [CPU_TIME] = {"cpu_time_limit", NUMBER_SECONDS, false, 0,
                  SETTINGS(judge0_cpu_ms, judge0_cpu_max_ms)},
    [EXTRA_TIME] = {"cpu_extra_time", NUMBER_SECONDS, false, 0,
                    SETTINGS(judge0_extra_ms, judge0_extra_max_ms)},
    [WALL_TIME] = {"wall_time_limit", NUMBER_SECONDS, false, 1,
                   SETTINGS(judge0_wall_ms, judge0_wall_max_ms)},
    [MEMORY] = {"memory_limit", NUMBER_COUNT, false, 2048,
                SETTINGS(judge0_memory_kb, judge0_memory_max_kb)},
    [STACK] = {"stack_limit", NUMBER_COUNT, false, 0,
               SETTINGS(judge0_stack_kb, judge0_stack_max_kb)},
    [PROCESSES] = {"max_processes_and_or_threads", NUMBER_COUNT, true, 0,
                   SETTINGS(judge0_processes, judge0_processes_max)},
    [FILE_SIZE] = {"max_file_size", NUMBER_COUNT, false, 0,
                   SETTINGS(judge0_file_kb, judge0_file_max_kb)},
#undef SETTINGS
};

enum flag_attribute { PER_PROCESS_TIME, PER_PROCESS_MEMORY, MERGE_STDERR, FLAG_ATTRIBUTES };

static const struct flag_rule {
    const char *name;
    size_t usual;   /* offset of the setting */
    size_t allowed; /* likewise; 0: it needs no permission */
} flag_rules[FLAG_ATTRIBUTES] = {
    [PER_PROCESS_TIME] = {"enable_per_process_and_thread_time_limit",
                          offsetof(struct config, judge0_per_process_time),
                          offsetof(struct config, judge0_allow_per_process_time)},
    [PER_PROCESS_MEMORY] = {"enable_per_process_and_thread_memory_limit",
                            offsetof(struct config, judge0_per_process_memory),
                            offsetof(struct config, judge0_allow_per_process_memory)},
    [MERGE_STDERR] = {"redirect_stderr_to_stdout", offsetof(struct config, judge0_merge_stderr), 0},
};

enum text_attribute { COMPILER_OPTIONS, ARGUMENTS, CALLBACK_URL, TEXT_ATTRIBUTES };

static const char *const text_names[TEXT_ATTRIBUTES] = {
    [COMPILER_OPTIONS] = "compiler_options",
    [ARGUMENTS] = "command_line_arguments",
    [CALLBACK_URL] = "callback_url",
};

struct text {
    bool there; /* else null */
    struct buf value;
};

struct draft {
    const struct config *config;
    const struct caller_limits *caller; /* NULL: any */
    const struct judge0_language_set *languages;
    const json_t *attributes;
    json_t *errors;
    bool has_language;
    int language;
    char language_text[CAST_ID_TEXT];
    const struct judge0_language *row; /* NULL: there is no such language */
    double numbers[NUMBER_ATTRIBUTES];
    bool flags[FLAG_ATTRIBUTES];
    bool network;
    struct text texts[TEXT_ATTRIBUTES];
    struct text parts[PART_FILES + 1];
};

static void draft_done(struct draft *d)
{
    json_decref(d->errors);
    for (size_t i = 0; i < TEXT_ATTRIBUTES; i++) {
        buf_done(&d->texts[i].value);
    }
    for (size_t i = 0; i < ARRAY_LEN(d->parts); i++) {
        buf_done(&d->parts[i].value);
    }
}

static const json_t *attribute(const struct draft *d, const char *name)
{
    return json_object_get(d->attributes, name);
}

static uint64_t number_setting(const struct draft *d, size_t offset)
{
    return *(const uint64_t *)(const void *)((const char *)d->config + offset);
}

static bool flag_setting(const struct draft *d, size_t offset)
{
    return *(const bool *)(const void *)((const char *)d->config + offset);
}

static bool is_blank(const struct text *t)
{
    return text_is_blank(t->value.data, t->value.len);
}

static void complain(struct draft *d, const char *field, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void complain(struct draft *d, const char *field, const char *fmt, ...)
{
    AUTO(buf_done) struct buf text = {0};
    va_list ap;
    va_start(ap, fmt);
    buf_add_vfmt(&text, fmt, ap);
    va_end(ap);
    json_t *list = json_object_get(d->errors, field);
    if (list == NULL) {
        list = json_array();
        json_object_set_new_nocheck(d->errors, field, list);
    }
    json_array_append_new(list, json_stringn_nocheck(text.data, text.len));
}

/* --- what came in ------------------------------------------------------------------------ */

static bool read_part(struct draft *d, enum execution_part part, const char *name, bool base64)
{
    const json_t *v = attribute(d, name);
    struct text *t = &d->parts[part];
    if (!base64) {
        t->there = cast_text(v, &t->value);
        return true;
    }
    if (v == NULL || json_is_null(v) || json_is_array(v) || json_is_object(v)) {
        return true;
    }
    if (json_is_string(v)) {
        t->there = true;
        base64_decode_lenient(json_string_value(v), json_string_length(v), &t->value);
    }
    return t->there;
}

static bool read_parts(struct draft *d, bool base64)
{
    bool good = read_part(d, PART_SOURCE, "source_code", base64) &&
                read_part(d, PART_STDIN, "stdin", base64) &&
                read_part(d, PART_EXPECTED, "expected_output", base64) &&
                read_part(d, PART_FILES, "additional_files", true);
    struct text *files = &d->parts[PART_FILES];
    files->there = files->there && files->value.len > 0;
    return good;
}

static void read_words(struct draft *d)
{
    d->has_language = cast_id(attribute(d, "language_id"), d->language_text, &d->language);
    d->row = judge0_language((enum judge0_flavour)d->config->judge0_flavour, d->language);
    for (size_t i = 0; i < TEXT_ATTRIBUTES; i++) {
        d->texts[i].there = cast_text(attribute(d, text_names[i]), &d->texts[i].value);
    }
    for (size_t i = 0; i < FLAG_ATTRIBUTES; i++) {
        const struct flag_rule *rule = &flag_rules[i];
        bool usual =
            flag_setting(d, rule->usual) && (rule->allowed == 0 || flag_setting(d, rule->allowed));
        d->flags[i] = cast_boolean(attribute(d, rule->name), usual);
    }
}

/* --- checks, in Judge0's order ----------------------------------------------------------- */

static bool is_project(const struct draft *d)
{
    return d->row != NULL && d->row->source_file == NULL;
}

static void check_presence(struct draft *d)
{
    bool source_is_blank = is_blank(&d->parts[PART_SOURCE]);
    if (!is_project(d) && source_is_blank) {
        complain(d, "source_code", "can't be blank");
    } else if (is_project(d) && !source_is_blank) {
        complain(d, "source_code", "must be blank");
    }
    if (is_project(d) && !d->parts[PART_FILES].there) {
        complain(d, "additional_files", "can't be blank");
    }
    if (!d->has_language) {
        complain(d, "language_id", "can't be blank");
    }
}

static void complain_of_maximum(struct draft *d, const struct number_rule *rule, double max)
{
    AUTO(buf_done) struct buf text = {0};
    if (rule->kind == NUMBER_SECONDS) {
        text_real(max, &text);
    } else {
        buf_add_fmt(&text, "%.0f", max);
    }
    complain(d, rule->name, "must be less than or equal to %s", text.data);
}

/* Of the caller, in the setting's unit; 0: none. */
static uint64_t number_ceiling(const struct limits *l, enum number_attribute i)
{
    switch (i) {
    case CPU_TIME:
        return l->cpu_ms;
    case WALL_TIME:
        return l->wall_ms;
    case MEMORY:
        return l->memory_bytes / 1024;
    case STACK:
        return l->stack_bytes / 1024;
    case PROCESSES:
        return l->processes;
    case FILE_SIZE:
        return l->file_bytes / 1024;
    case RUNS:
    case EXTRA_TIME:
    case NUMBER_ATTRIBUTES:
        break;
    }
    return 0;
}

static double number_max(const struct draft *d, enum number_attribute i)
{
    uint64_t max = number_setting(d, number_rules[i].max);
    uint64_t ceiling = d->caller != NULL ? number_ceiling(&d->caller->run, i) : 0;
    return (double)(ceiling > 0 && ceiling < max ? ceiling : max);
}

static void check_number(struct draft *d, enum number_attribute i)
{
    const struct number_rule *rule = &number_rules[i];
    double scale = rule->kind == NUMBER_SECONDS ? 1000 : 1;
    double max = number_max(d, i) / scale, value = 0;
    switch (cast_number(attribute(d, rule->name), &value)) {
    case NUMBER_BAD:
        complain(d, rule->name, "is not a number");
        return;
    case NUMBER_ABSENT:
        value = fmin((double)number_setting(d, rule->usual) / scale, max);
        break;
    case NUMBER_GOOD:
        if (rule->above_zero ? value <= 0 : value < rule->min) {
            complain(d, rule->name,
                     rule->above_zero ? "must be greater than %u"
                                      : "must be greater than or equal to %u",
                     rule->min);
        }
        if (value > max) {
            complain_of_maximum(d, rule, max);
        }
        break;
    }
    d->numbers[i] = value;
}

static void check_flags(struct draft *d)
{
    for (size_t i = 0; i < FLAG_ATTRIBUTES; i++) {
        const struct flag_rule *rule = &flag_rules[i];
        if (d->flags[i] && rule->allowed != 0 && !flag_setting(d, rule->allowed)) {
            complain(d, rule->name, "this option cannot be enabled");
        }
    }
}

static void check_length(struct draft *d, enum text_attribute i)
{
    const struct buf *value = &d->texts[i].value;
    size_t characters = 0;
    for (size_t k = 0; k < value->len; k++) {
        characters += ((unsigned char)value->data[k] & 0xc0) != 0x80;
    }
    if (characters > TEXT_MAX_CHARACTERS) {
        complain(d, text_names[i], "is too long (maximum is %d characters)", TEXT_MAX_CHARACTERS);
    }
}

static void complain_of_missing(struct draft *d)
{
    const struct judge0_language *row = d->row;
    AUTO(buf_done) struct buf remedy = {0};
    judge0_language_remedy(d->languages, row->id, &remedy);
    complain(d, "language_id", "language with id %d (%s) is not installed on this server: %s",
             row->id, row->label, remedy.data);
}

/* Whether it can run here. */
static bool check_language(struct draft *d)
{
    if (d->row == NULL) {
        complain(d, "language_id", "language with id %s doesn't exist",
                 d->has_language ? d->language_text : "");
        return false;
    }
    switch (judge0_language_state(d->languages, d->language)) {
    case LANGUAGE_READY:
        return true;
    case LANGUAGE_ARCHIVED:
        complain(d, "language_id", "language with id %d is archived and cannot be used anymore",
                 d->language);
        return false;
    case LANGUAGE_MISSING:
    case LANGUAGE_UNKNOWN:
        break;
    }
    complain_of_missing(d);
    return false;
}

/* "C", "C and C++", "C, C++ and Java" */
static void add_sentence(char *const *words, struct buf *ret)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        if (i > 0) {
            buf_add_str(ret, words[i + 1] == NULL ? " and " : ", ");
        }
        buf_add_str(ret, words[i]);
    }
}

/* "C" is the first word of "C (GCC 9.2.0)", not of "C++ (GCC 9.2.0)". */
static bool is_listed(char *const *words, const char *name)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        size_t len = strlen(words[i]);
        if (strncmp(name, words[i], len) == 0 && name[len] == ' ') {
            return true;
        }
    }
    return false;
}

static void check_compiler_options(struct draft *d, bool can_run)
{
    char *const *words = d->config->judge0_compiler_options_languages;
    const char *field = text_names[COMPILER_OPTIONS];
    if (is_blank(&d->texts[COMPILER_OPTIONS])) {
        return;
    }
    if (!d->config->judge0_compiler_options) {
        complain(d, field, "setting compiler options is not allowed");
    } else if (can_run && !judge0_language_is_compiled(d->languages, d->language)) {
        complain(d, field, "setting compiler options is only allowed for compiled languages");
    } else if (strv_len(words) > 0 && d->row != NULL && !is_listed(words, d->row->name)) {
        AUTO(buf_done) struct buf list = {0};
        add_sentence(words, &list);
        complain(d, field, "setting compiler options is only allowed for %s", list.data);
    }
}

static bool may_have_network(const struct draft *d)
{
    const struct config *c = d->config;
    return c->judge0_allow_network && !c->disable_networking &&
           (d->caller == NULL || d->caller->network);
}

static void check_permissions(struct draft *d)
{
    const struct config *c = d->config;
    d->network =
        cast_boolean(attribute(d, "enable_network"), c->judge0_network && may_have_network(d));
    if (!c->judge0_arguments && !is_blank(&d->texts[ARGUMENTS])) {
        complain(d, text_names[ARGUMENTS], "setting command line arguments is not allowed");
    }
    if (!c->judge0_callbacks && !is_blank(&d->texts[CALLBACK_URL])) {
        complain(d, text_names[CALLBACK_URL], "setting callback is not allowed");
    }
    if (!c->judge0_additional_files && d->parts[PART_FILES].there) {
        complain(d, "additional_files", "setting additional files is not allowed");
    }
    if (d->network && !may_have_network(d)) {
        complain(d, "enable_network", "enabling network is not allowed");
    }
}

static void check_all(struct draft *d)
{
    check_presence(d);
    for (enum number_attribute i = RUNS; i < FILE_SIZE; i++) {
        check_number(d, i);
    }
    check_flags(d);
    check_number(d, FILE_SIZE);
    check_length(d, COMPILER_OPTIONS);
    check_length(d, ARGUMENTS);
    bool can_run = check_language(d);
    check_compiler_options(d, can_run);
    check_permissions(d);
}

/* --- the execution ----------------------------------------------------------------------- */

static void write_text(const struct draft *d, enum text_attribute i, struct buf *ret)
{
    const struct text *t = &d->texts[i];
    buf_add_fmt(ret, "%s\"%s\":", ret->len > 1 ? "," : "", text_names[i]);
    if (t->there) {
        text_string(t->value.len > 0 ? t->value.data : "", t->value.len, ret);
    } else {
        buf_add_str(ret, "null");
    }
}

static void write_number(const struct draft *d, enum number_attribute i, struct buf *ret)
{
    const struct number_rule *rule = &number_rules[i];
    double value = d->numbers[i] != 0 ? d->numbers[i] : 0; /* -0.0 */
    buf_add_fmt(ret, ",\"%s\":", rule->name);
    if (rule->kind == NUMBER_SECONDS) {
        text_real(value, ret);
    } else {
        /* 0.5 runs pass Judge0's check, as more than none */
        double least = rule->above_zero ? 1 : 0;
        buf_add_fmt(ret, "%.0f", fmax(trunc(value), least));
    }
}

static void write_flag(const char *name, bool value, struct buf *ret)
{
    buf_add_fmt(ret, ",\"%s\":%s", name, value ? "true" : "false");
}

/* In the order and the types that judge0.h tells. */
static char *request_text(const struct draft *d)
{
    static const enum number_attribute numbers[] = {RUNS,   CPU_TIME, EXTRA_TIME, WALL_TIME,
                                                    MEMORY, STACK,    FILE_SIZE,  PROCESSES};
    AUTO(buf_done) struct buf text = {0};
    buf_add_char(&text, '{');
    write_text(d, COMPILER_OPTIONS, &text);
    write_text(d, ARGUMENTS, &text);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        write_number(d, numbers[i], &text);
    }
    for (size_t i = 0; i < FLAG_ATTRIBUTES; i++) {
        write_flag(flag_rules[i].name, d->flags[i], &text);
    }
    write_flag("enable_network", d->network, &text);
    write_text(d, CALLBACK_URL, &text);
    buf_add_char(&text, '}');
    return buf_take(&text);
}

static struct execution *execution_of(struct draft *d)
{
    struct execution *x = execution_new();
    memcpy(x->dialect, JUDGE0_DIALECT, sizeof(JUDGE0_DIALECT));
    x->language = d->language;
    x->status = STATUS_IN_QUEUE;
    x->request = request_text(d);
    for (unsigned i = 0; i < ARRAY_LEN(d->parts); i++) {
        struct text *t = &d->parts[i];
        if (t->there) {
            size_t len = t->value.len;
            char *data = len > 0 ? buf_take(&t->value) : xstrdup("");
            execution_take_part(x, (enum execution_part)i, data, len);
        }
    }
    return x;
}

bool validate_submission(const struct config *config, const struct caller_limits *caller,
                         const struct judge0_language_set *languages, const json_t *attributes,
                         bool base64, struct execution **ret, json_t **ret_errors)
{
    AUTO(draft_done)
    struct draft d = {.config = config,
                      .caller = caller,
                      .languages = languages,
                      .attributes = attributes,
                      .errors = json_object()};
    if (!read_parts(&d, base64)) {
        return false;
    }
    read_words(&d);
    check_all(&d);
    if (json_object_size(d.errors) > 0) {
        *ret = NULL;
        *ret_errors = TAKE(&d.errors, NULL);
    } else {
        *ret = execution_of(&d);
    }
    return true;
}
