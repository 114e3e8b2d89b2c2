/* SPDX-License-Identifier: Apache-2.0 */
#include "api/judge0/fields.h"

#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "config/config.h"

static const struct field table[] = {
    {"source_code", FIELD_TEXT, FIELD_ALL, PART_SOURCE},
    {"language_id", FIELD_LANGUAGE_ID, FIELD_ALL, 0},
    {"stdin", FIELD_TEXT, FIELD_ALL, PART_STDIN},
    {"expected_output", FIELD_TEXT, FIELD_ALL, PART_EXPECTED},
    {"stdout", FIELD_OUTPUT, FIELD_DEFAULT, PART_STDOUT},
    {"status_id", FIELD_STATUS_ID, FIELD_ALL, 0},
    {"created_at", FIELD_CREATED_AT, FIELD_ALL, 0},
    {"finished_at", FIELD_FINISHED_AT, FIELD_ALL, 0},
    {"time", FIELD_RESULT_TIME, FIELD_DEFAULT, 0},
    {"memory", FIELD_RESULT, FIELD_DEFAULT, 0},
    {"stderr", FIELD_OUTPUT, FIELD_DEFAULT, PART_STDERR},
    {"token", FIELD_TOKEN, FIELD_DEFAULT, 0},
    {"number_of_runs", FIELD_ASKED, FIELD_ALL, 0},
    {"cpu_time_limit", FIELD_ASKED_TIME, FIELD_ALL, 0},
    {"cpu_extra_time", FIELD_ASKED_TIME, FIELD_ALL, 0},
    {"wall_time_limit", FIELD_ASKED_TIME, FIELD_ALL, 0},
    {"memory_limit", FIELD_ASKED, FIELD_ALL, 0},
    {"stack_limit", FIELD_ASKED, FIELD_ALL, 0},
    {"max_processes_and_or_threads", FIELD_ASKED, FIELD_ALL, 0},
    {"enable_per_process_and_thread_time_limit", FIELD_ASKED, FIELD_ALL, 0},
    {"enable_per_process_and_thread_memory_limit", FIELD_ASKED, FIELD_ALL, 0},
    {"max_file_size", FIELD_ASKED, FIELD_ALL, 0},
    {"compile_output", FIELD_OUTPUT, FIELD_DEFAULT, PART_COMPILE_OUTPUT},
    {"exit_code", FIELD_RESULT, FIELD_ALL, 0},
    {"exit_signal", FIELD_RESULT, FIELD_ALL, 0},
    {"message", FIELD_MESSAGE, FIELD_DEFAULT, 0},
    {"wall_time", FIELD_RESULT_TIME, FIELD_ALL, 0},
    {"compiler_options", FIELD_ASKED, FIELD_ALL, 0},
    {"command_line_arguments", FIELD_ASKED, FIELD_ALL, 0},
    {"redirect_stderr_to_stdout", FIELD_ASKED, FIELD_ALL, 0},
    {"callback_url", FIELD_ASKED, FIELD_ALL, 0},
    {"additional_files", FIELD_FILES, FIELD_ALL, PART_FILES},
    {"enable_network", FIELD_ASKED, FIELD_ALL, 0},
    {"started_at", FIELD_STARTED_AT, FIELD_EXTRA, 0},
    {"queued_at", FIELD_CREATED_AT, FIELD_EXTRA, 0},
    {"updated_at", FIELD_UPDATED_AT, FIELD_EXTRA, 0},
    {"queue_host", FIELD_QUEUE_HOST, FIELD_EXTRA, 0},
    {"execution_host", FIELD_EXECUTION_HOST, FIELD_EXTRA, 0},
    {"status", FIELD_STATUS, FIELD_DEFAULT, 0},
    {"language", FIELD_LANGUAGE, FIELD_ALL, 0},
};

_Static_assert(ARRAY_LEN(table) <= 8 * sizeof(field_mask), "a field_mask holds all fields");

static field_mask bit(size_t row)
{
    return (field_mask)1 << row;
}

const struct field *fields_table(size_t *ret_count)
{
    *ret_count = ARRAY_LEN(table);
    return table;
}

field_mask fields_default(void)
{
    field_mask mask = 0;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        mask |= table[i].set == FIELD_DEFAULT ? bit(i) : 0;
    }
    return mask;
}

static bool is_there(const struct config *config, const struct field *f)
{
    return f->set != FIELD_EXTRA || config->judge0_extra_fields;
}

static field_mask fields_all(const struct config *config)
{
    field_mask mask = 0;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        mask |= is_there(config, &table[i]) ? bit(i) : 0;
    }
    return mask;
}

/* 0: there is none. */
static field_mask field_find(const struct config *config, const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (strlen(table[i].name) == len && memcmp(table[i].name, name, len) == 0) {
            return is_there(config, &table[i]) ? bit(i) : 0;
        }
    }
    return 0;
}

/* As Ruby splits: what is empty counts, but not at the end. */
static size_t text_length(const char *text)
{
    size_t len = text != NULL ? strlen(text) : 0;
    while (len > 0 && text[len - 1] == ',') {
        len--;
    }
    return len;
}

struct names {
    const char *at, *end;
    const char *name;
    size_t len;
};

static bool names_next(struct names *n)
{
    if (n->at == NULL) {
        return false;
    }
    const char *comma = memchr(n->at, ',', (size_t)(n->end - n->at));
    n->name = n->at;
    n->len = (size_t)((comma != NULL ? comma : n->end) - n->at);
    n->at = comma != NULL ? comma + 1 : NULL;
    return true;
}

bool fields_parse(const struct config *config, const char *text, field_mask *ret,
                  struct buf *ret_unknown)
{
    size_t len = text_length(text);
    if (len == 0) {
        *ret = fields_default();
        return true;
    }
    field_mask mask = 0;
    bool all = false, known = true;
    AUTO(buf_done) struct buf unknown = {0};
    struct names n = {.at = text, .end = text + len};
    while (names_next(&n)) {
        field_mask found = field_find(config, n.name, n.len);
        mask |= found;
        if (n.len == 1 && n.name[0] == '*') {
            all = true;
        } else if (found == 0) {
            buf_add_str(&unknown, known ? "" : ", ");
            buf_add(&unknown, n.name, n.len);
            known = false;
        }
    }
    if (!all && !known) {
        buf_add(ret_unknown, unknown.data != NULL ? unknown.data : "", unknown.len);
        return false;
    }
    *ret = all ? fields_all(config) : mask;
    return true;
}

unsigned fields_parts(field_mask fields)
{
    unsigned parts = 0;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        enum field_kind kind = table[i].kind;
        bool is_part = kind == FIELD_TEXT || kind == FIELD_OUTPUT || kind == FIELD_FILES;
        parts |= is_part && (fields & bit(i)) != 0 ? 1U << table[i].part : 0;
    }
    return parts;
}

bool fields_need_languages(field_mask fields)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (table[i].kind == FIELD_LANGUAGE && (fields & bit(i)) != 0) {
            return true;
        }
    }
    return false;
}
