/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/db_lines.h"

#include <jansson.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/remote.h"
#include "model/execution.h"

#define FORMAT  "belljar-executions"
#define VERSION 1

static const char *const part_names[EXECUTION_PARTS] = {
    [PART_SOURCE] = "source",     [PART_STDIN] = "stdin",
    [PART_EXPECTED] = "expected", [PART_FILES] = "files",
    [PART_BODY] = "body",         [PART_STDOUT] = "stdout",
    [PART_STDERR] = "stderr",     [PART_COMPILE_OUTPUT] = "compile_output",
    [PART_ANSWER] = "answer",
};

/* --- out ---------------------------------------------------------------------------------- */

static int line_write(FILE *out, json_t *line, struct err *e)
{
    bool ok = json_dumpf(line, out, JSON_COMPACT) == 0 && fputc('\n', out) != EOF;
    json_decref(line);
    return ok ? 0 : err_sys(e, "writing the export");
}

int db_lines_begin(FILE *out, struct err *e)
{
    return line_write(out, json_pack("{s:s,s:i}", "format", FORMAT, "version", VERSION), e);
}

static json_t *text_json(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

/* As it is written in the store, but readable: it is an object. */
static json_t *object_json(const char *text)
{
    json_t *object = text != NULL ? json_loads(text, JSON_ALLOW_NUL, NULL) : NULL;
    return object != NULL ? object : json_null();
}

static json_t *parts_json(const struct execution *x)
{
    json_t *parts = json_object();
    for (size_t i = 0; i < EXECUTION_PARTS; i++) {
        AUTO(buf_done) struct buf text = {0};
        if (x->parts[i].data != NULL) {
            base64_encode(x->parts[i].data, x->parts[i].len, &text);
            json_object_set_new(parts, part_names[i],
                                json_stringn(text.data != NULL ? text.data : "", text.len));
        }
    }
    return parts;
}

int db_lines_put(FILE *out, const struct execution *x, struct err *e)
{
    json_t *line = json_pack(
        "{s:s,s:s,s:i,s:b,s:i,s:i,s:i,s:i,s:I,s:I,s:I,s:I,s:o,s:o,s:o,s:o,s:o,s:o}", "id", x->id,
        "dialect", x->dialect, "language", (int)x->language, "batch", (int)x->batch, "state",
        (int)x->state, "status", (int)x->status, "attempts", (int)x->attempts, "callback",
        (int)x->callback, "created_ns", (json_int_t)x->created_ns, "started_ns",
        (json_int_t)x->started_ns, "finished_ns", (json_int_t)x->finished_ns, "expires_ns",
        (json_int_t)x->expires_ns, "caller", text_json(x->caller), "label", text_json(x->label),
        "idempotency", text_json(x->idempotency), "request", object_json(x->request), "result",
        object_json(x->result), "parts", parts_json(x));
    return line != NULL ? line_write(out, line, e)
                        : err_set(e, ERR_IO, "execution %s holds text that is no UTF-8", x->id);
}

/* --- in ----------------------------------------------------------------------------------- */

int db_lines_check(const char *line, bool *ret_is, struct err *e)
{
    AUTO(remote_json_freep) json_t *first = json_loads(line, 0, NULL);
    const char *format = json_string_value(json_object_get(first, "format"));
    json_int_t version = json_integer_value(json_object_get(first, "version"));
    bool is = format != NULL && strcmp(format, FORMAT) == 0;
    if (is && version != VERSION) {
        return err_set(e, ERR_INVALID,
                       "this export has version %d and this belljar reads %d: use the belljar that "
                       "wrote it, or a later one",
                       (int)version, VERSION);
    }
    *ret_is = is;
    return 0;
}

static uint64_t number_of(const json_t *line, const char *name)
{
    json_int_t n = json_integer_value(json_object_get(line, name));
    return n > 0 ? (uint64_t)n : 0;
}

static char *text_of(const json_t *line, const char *name)
{
    return xstrdup(json_string_value(json_object_get(line, name)));
}

static char *object_of(const json_t *line, const char *name)
{
    const json_t *object = json_object_get(line, name);
    return json_is_object(object) ? json_dumps(object, JSON_COMPACT) : NULL;
}

static void parts_read(const json_t *line, struct execution *x)
{
    const json_t *parts = json_object_get(line, "parts");
    for (size_t i = 0; i < EXECUTION_PARTS; i++) {
        const json_t *text = json_object_get(parts, part_names[i]);
        struct buf bytes = {0};
        if (json_is_string(text)) {
            buf_add(&bytes, "", 0);
            base64_decode_lenient(json_string_value(text), json_string_length(text), &bytes);
            size_t len = bytes.len;
            execution_take_part(x, (enum execution_part)i, buf_take(&bytes), len);
        }
    }
}

static bool copy_name(const json_t *line, const char *name, char *ret, size_t size)
{
    const char *text = json_string_value(json_object_get(line, name));
    size_t len = text != NULL ? strlen(text) : 0;
    if (len == 0 || len >= size) {
        return false;
    }
    memcpy(ret, text, len + 1);
    return true;
}

static void fields_read(const json_t *line, struct execution *x)
{
    x->language = (int32_t)number_of(line, "language");
    x->batch = json_is_true(json_object_get(line, "batch"));
    x->state = (enum execution_state)number_of(line, "state");
    x->status = (int32_t)number_of(line, "status");
    x->attempts = (unsigned)number_of(line, "attempts");
    x->callback = (enum execution_callback)number_of(line, "callback");
    x->created_ns = number_of(line, "created_ns");
    x->started_ns = number_of(line, "started_ns");
    x->finished_ns = number_of(line, "finished_ns");
    x->expires_ns = number_of(line, "expires_ns");
    x->caller = text_of(line, "caller");
    x->idempotency = text_of(line, "idempotency");
    x->label = text_of(line, "label");
    x->request = object_of(line, "request");
    x->result = object_of(line, "result");
    parts_read(line, x);
}

static bool is_sound(const struct execution *x)
{
    return x->state >= EXECUTION_QUEUED && x->state <= EXECUTION_CANCELLED &&
           x->callback <= CALLBACK_FAILED && x->created_ns > 0 && x->request != NULL;
}

int db_lines_parse(const char *line, struct execution **ret, struct err *e)
{
    json_error_t why;
    AUTO(remote_json_freep) json_t *json = json_loads(line, JSON_ALLOW_NUL, &why);
    if (json == NULL) {
        return err_set(e, ERR_INVALID, "%s", why.text);
    }
    AUTO(execution_unrefp) struct execution *x = execution_new();
    if (!copy_name(json, "id", x->id, sizeof(x->id)) ||
        !copy_name(json, "dialect", x->dialect, sizeof(x->dialect))) {
        return err_set(e, ERR_INVALID, "it has no id or no dialect");
    }
    fields_read(json, x);
    if (!is_sound(x)) {
        return err_set(e, ERR_INVALID, "execution %s lacks a state, a time or its request", x->id);
    }
    *ret = TAKE(&x, NULL);
    return 0;
}
