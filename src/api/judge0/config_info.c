/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "api/json.h"
#include "api/judge0/info.h"
#include "base/cleanup.h"
#include "config/config.h"

enum setting_kind {
    SETTING_BOOL,
    SETTING_UINT,
    SETTING_REAL,    /* a whole number of seconds, which Judge0 keeps as a decimal */
    SETTING_SECONDS, /* milliseconds here */
    SETTING_KB,      /* bytes here */
    SETTING_LIST,
};

struct setting {
    const char *name;
    enum setting_kind kind;
    size_t offset; /* in struct config */
};

#define SETTING(name, kind, field)                                                                 \
    {                                                                                              \
        name, SETTING_##kind, offsetof(struct config, field)                                       \
    }

static const struct setting settings[] = {
    SETTING("maintenance_mode", BOOL, judge0_maintenance),
    SETTING("enable_wait_result", BOOL, judge0_wait),
    SETTING("enable_compiler_options", BOOL, judge0_compiler_options),
    SETTING("allowed_languages_for_compile_options", LIST, judge0_compiler_options_languages),
    SETTING("enable_command_line_arguments", BOOL, judge0_arguments),
    SETTING("enable_submission_delete", BOOL, judge0_delete),
    SETTING("enable_callbacks", BOOL, judge0_callbacks),
    SETTING("callbacks_max_tries", UINT, callbacks_tries),
    SETTING("callbacks_timeout", SECONDS, callbacks_timeout_ms),
    SETTING("enable_additional_files", BOOL, judge0_additional_files),
    SETTING("max_queue_size", UINT, queue_max),
    SETTING("cpu_time_limit", SECONDS, judge0_cpu_ms),
    SETTING("max_cpu_time_limit", SECONDS, judge0_cpu_max_ms),
    SETTING("cpu_extra_time", SECONDS, judge0_extra_ms),
    SETTING("max_cpu_extra_time", SECONDS, judge0_extra_max_ms),
    SETTING("wall_time_limit", SECONDS, judge0_wall_ms),
    SETTING("max_wall_time_limit", SECONDS, judge0_wall_max_ms),
    SETTING("memory_limit", UINT, judge0_memory_kb),
    SETTING("max_memory_limit", UINT, judge0_memory_max_kb),
    SETTING("stack_limit", UINT, judge0_stack_kb),
    SETTING("max_stack_limit", UINT, judge0_stack_max_kb),
    SETTING("max_processes_and_or_threads", UINT, judge0_processes),
    SETTING("max_max_processes_and_or_threads", UINT, judge0_processes_max),
    SETTING("enable_per_process_and_thread_time_limit", BOOL, judge0_per_process_time),
    SETTING("allow_enable_per_process_and_thread_time_limit", BOOL, judge0_allow_per_process_time),
    SETTING("enable_per_process_and_thread_memory_limit", BOOL, judge0_per_process_memory),
    SETTING("allow_enable_per_process_and_thread_memory_limit", BOOL,
            judge0_allow_per_process_memory),
    SETTING("max_file_size", UINT, judge0_file_kb),
    SETTING("max_max_file_size", UINT, judge0_file_max_kb),
    SETTING("number_of_runs", UINT, judge0_runs),
    SETTING("max_number_of_runs", UINT, judge0_runs_max),
    SETTING("redirect_stderr_to_stdout", BOOL, judge0_merge_stderr),
    SETTING("max_extract_size", KB, judge0_extract_bytes),
    SETTING("enable_batched_submissions", BOOL, judge0_batch),
    SETTING("max_submission_batch_size", UINT, judge0_batch_max),
    SETTING("submission_cache_duration", REAL, judge0_cache_s),
    SETTING("use_docs_as_homepage", BOOL, judge0_docs),
    SETTING("allow_enable_network", BOOL, judge0_allow_network),
    SETTING("enable_network", BOOL, judge0_network),
};

static json_t *setting_json(const struct setting *s, const struct config *config)
{
    const void *field = (const char *)config + s->offset;
    switch (s->kind) {
    case SETTING_BOOL:
        return json_boolean(*(const bool *)field);
    case SETTING_UINT:
        return json_integer((json_int_t) * (const uint64_t *)field);
    case SETTING_REAL:
        return json_real((double)*(const uint64_t *)field);
    case SETTING_SECONDS:
        return json_real((double)*(const uint64_t *)field / 1000);
    case SETTING_KB:
        return json_integer((json_int_t)(*(const uint64_t *)field / 1024));
    case SETTING_LIST:
        return json_strv(*(char *const *const *)field);
    }
    return json_null();
}

json_t *config_info_json(const struct config *config)
{
    json_t *o = json_object();
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        json_object_set_new(o, settings[i].name, setting_json(&settings[i], config));
    }
    return o;
}
