/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results as JSON.  What came of an execution is written once, when it is over (PART_ANSWER), and
 * put between what is known of it from the start whenever it is asked for.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/json.h"
#include "api/native/native.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "model/execution.h"
#include "model/runtime.h"

const char *native_verdict(enum verdict v)
{
    return verdict_name(v);
}

json_t *native_time(uint64_t ns)
{
    time_t seconds = (time_t)(ns / NS_PER_S);
    struct tm tm;
    char text[64];
    if (ns == 0 || gmtime_r(&seconds, &tm) == NULL) {
        return json_null();
    }
    size_t len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + len, sizeof(text) - len, ".%03dZ", (int)(ns / NS_PER_MS % 1000));
    return json_string(text);
}

/* --- stages ------------------------------------------------------------------------------ */

/* To the microsecond. */
static json_t *milliseconds(uint64_t ns)
{
    return json_real(round((double)ns / 1e3) / 1e3);
}

/* Without what the limit left of its last character. */
static size_t whole_length(const struct buf *b, bool truncated)
{
    size_t len = b->len;
    for (size_t cut = 1; truncated && cut <= 3 && cut <= len; cut++) {
        unsigned char c = (unsigned char)b->data[len - cut];
        if ((c & 0xc0) == 0x80) {
            continue;
        }
        size_t wanted = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
        return wanted > cut ? len - cut : len;
    }
    return len;
}

static json_t *text_json(const char *data, size_t len, bool base64)
{
    if (!base64) {
        return json_repaired(data, len);
    }
    AUTO(buf_done) struct buf text = {0};
    base64_encode(len > 0 ? data : "", len, &text);
    return json_stringn_nocheck(text.len > 0 ? text.data : "", text.len);
}

#define LARGE ((size_t)64 << 10)

/* As a JSON text much that is binary, though valid UTF-8, is up to six times as long: NULs. */
static bool swells(const char *data, size_t len)
{
    size_t more = 0;
    for (size_t i = 0; len >= LARGE && i < len && more <= len; i++) {
        unsigned char c = (unsigned char)data[i];
        bool is_short = c >= 0x20 || (c >= '\b' && c <= '\r' && c != '\v');
        more += is_short ? c == '"' || c == '\\' || c < 0x20 : 5;
    }
    return more > len;
}

static bool needs_base64(const char *data, size_t len)
{
    return len > 0 && (!utf8_valid(data, len) || swells(data, len));
}

static void output_set(json_t *o, const struct stage_result *s)
{
    size_t out_len = whole_length(&s->out, s->out_truncated);
    size_t err_len = whole_length(&s->err, s->err_truncated);
    bool base64 = needs_base64(s->out.data, out_len) || needs_base64(s->err.data, err_len);
    if (base64) {
        out_len = s->out.len;
        err_len = s->err.len;
    }
    json_object_set_new(o, "stdout", text_json(s->out.data, out_len, base64));
    json_object_set_new(o, "stderr", text_json(s->err.data, err_len, base64));
    json_object_set_new(o, "output", text_json(s->both.data, s->both.len, base64));
    json_object_set_new(o, "encoding", json_string(base64 ? "base64" : "utf8"));
}

/* A program may live with EAGAIN; one that did not was ended by its limit. */
static enum verdict verdict_of(const struct stage_result *s)
{
    bool ended = s->verdict == VERDICT_NONZERO_EXIT || s->verdict == VERDICT_SIGNALED;
    return ended && s->process_limit_hits > 0 ? VERDICT_PROCESS_LIMIT : s->verdict;
}

json_t *native_stage(const struct stage_result *s, bool with_output)
{
    const char *signal = s->signal != 0 ? signal_name(s->signal) : NULL;
    bool exited = s->exit_code >= 0 && s->signal == 0;
    json_t *o = json_pack("{s:s,s:o,s:o,s:o}", "verdict", native_verdict(verdict_of(s)), "reason",
                          json_repaired(s->reason, strlen(s->reason)), "exit_code",
                          exited ? json_integer(s->exit_code) : json_null(), "signal",
                          json_string_or_null(signal));
    if (with_output) {
        output_set(o, s);
    }
    json_object_set_new(o, "stdout_truncated", json_boolean(s->out_truncated));
    json_object_set_new(o, "stderr_truncated", json_boolean(s->err_truncated));
    json_object_set_new(o, "cpu_ms", milliseconds(s->cpu_ns));
    json_object_set_new(o, "wall_ms", milliseconds(s->wall_ns));
    json_object_set_new(o, "memory_bytes",
                        s->memory_bytes > 0 ? json_integer((json_int_t)s->memory_bytes)
                                            : json_null());
    return o;
}

/* --- artifacts --------------------------------------------------------------------------- */

static json_t *file_json(const struct result_file *f)
{
    bool base64 = needs_base64(f->data, f->size);
    return json_pack("{s:o,s:o,s:s,s:I}", "path", json_repaired(f->path, strlen(f->path)),
                     "content", text_json(f->data, f->size, base64), "encoding",
                     base64 ? "base64" : "utf8", "size", (json_int_t)f->size);
}

static void artifacts_set(json_t *o, const struct stage_result *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->file_count; i++) {
        json_array_append_new(list, file_json(&s->files[i]));
    }
    json_object_set_new(o, "artifacts", list);
    json_object_set_new(o, "artifacts_truncated", json_boolean(s->files_missed));
}

/* --- outcomes ---------------------------------------------------------------------------- */

static json_t *compile_json(const struct stage_result *s, bool with_output)
{
    if (!s->ran) {
        return json_null();
    }
    json_t *o = native_stage(s, with_output);
    json_object_set_new(o, "cached", json_boolean(s->cached));
    return o;
}

static json_t *tests_json(const json_t *names, const struct result *r, bool with_output)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->test_count; i++) {
        json_t *name = json_array_get(names, i);
        json_t *test = json_object();
        json_object_set_new(test, "name", name != NULL ? json_incref(name) : json_null());
        json_t *stage = native_stage(&r->tests[i], with_output);
        json_object_update(test, stage);
        json_decref(stage);
        if (with_output && (r->tests[i].file_count > 0 || r->tests[i].files_missed)) {
            artifacts_set(test, &r->tests[i]);
        }
        json_array_append_new(list, test);
    }
    return list;
}

/* The stage that decided; NULL: all of them went well. */
static const struct stage_result *decider_of(const struct result *r)
{
    for (size_t i = 0; i < r->test_count; i++) {
        if (r->tests[i].verdict != VERDICT_OK) {
            return &r->tests[i];
        }
    }
    const struct stage_result *const stages[] = {&r->run, &r->compile};
    for (size_t i = 0; i < ARRAY_LEN(stages); i++) {
        if (stages[i]->reason[0] != '\0') {
            return stages[i];
        }
    }
    return NULL;
}

static const char *reason_of(const struct result *r)
{
    const struct stage_result *s = r->verdict != VERDICT_OK ? decider_of(r) : NULL;
    const char *reason = s != NULL ? s->reason : "";
    return reason[0] == '\0' && r->verdict == VERDICT_CANCELLED ? "cancelled" : reason;
}

static enum verdict verdict_of_all(const struct result *r)
{
    const struct stage_result *s = decider_of(r);
    return s != NULL && s->verdict == r->verdict ? verdict_of(s) : r->verdict;
}

static json_t *head_json(enum verdict verdict, const char *reason, const struct runtime *runtime)
{
    json_t *o = json_pack("{s:s,s:o}", "verdict", native_verdict(verdict), "reason",
                          json_repaired(reason, strlen(reason)));
    if (runtime != NULL) {
        json_object_set_new(o, "language", json_string(runtime->language));
        json_object_set_new(o, "version", json_string(runtime->version));
        json_object_set_new(o, "runtime", json_string(runtime->source));
    }
    return o;
}

json_t *native_outcome(const json_t *test_names, const struct runtime *runtime,
                       const struct result *result, bool with_output)
{
    json_t *o = head_json(verdict_of_all(result), reason_of(result), runtime);
    json_object_set_new(o, "compile", compile_json(&result->compile, with_output));
    json_object_set_new(o, "run",
                        result->run.ran ? native_stage(&result->run, with_output) : json_null());
    json_object_set_new(o, "tests", tests_json(test_names, result, with_output));
    if (with_output) {
        artifacts_set(o, &result->run);
    }
    return o;
}

/* --- what is kept of them ---------------------------------------------------------------- */

static void words_set(json_t *o, const json_t *from, const char *const *keys)
{
    for (; *keys != NULL; keys++) {
        json_t *value = json_object_get(from, *keys);
        if (value != NULL) {
            json_object_set(o, *keys, value);
        }
    }
}

static json_t *object_of(const char *text)
{
    return text != NULL ? json_loads(text, JSON_ALLOW_NUL, NULL) : NULL;
}

/* Takes `outcome`. */
static void outcome_keep(struct execution *x, enum verdict verdict, json_t *outcome)
{
    static const char *const head[] = {"verdict", "reason", "language", "version", "runtime", NULL};
    AUTO(json_freep) json_t *result = json_object();
    char *text = json_dumps(outcome, JSON_COMPACT | JSON_REAL_PRECISION(15));
    words_set(result, outcome, head);
    execution_take_part(x, PART_ANSWER, text, strlen(text));
    free(x->result);
    x->result = json_dumps(result, JSON_COMPACT);
    x->status = (int32_t)verdict;
    json_decref(outcome);
}

static void runtime_words_set(json_t *outcome, const json_t *kept)
{
    static const char *const words[] = {"language", "version", "runtime", NULL};
    words_set(outcome, kept, words);
}

void native_conclude(struct execution *x, const struct result *result)
{
    AUTO(json_freep) json_t *kept = object_of(x->request);
    json_t *outcome = native_outcome(json_object_get(kept, "tests"), result->runtime, result, true);
    if (result->runtime == NULL) {
        runtime_words_set(outcome, kept);
    }
    outcome_keep(x, verdict_of_all(result), outcome);
}

void native_conclude_failed(struct execution *x, const char *why)
{
    AUTO(json_freep) json_t *kept = object_of(x->request);
    struct result nothing;
    result_init(&nothing);
    nothing.verdict = VERDICT_INTERNAL_ERROR;
    snprintf(nothing.run.reason, sizeof(nothing.run.reason), "%s", why);
    json_t *outcome = native_outcome(NULL, NULL, &nothing, true);
    runtime_words_set(outcome, kept);
    outcome_keep(x, VERDICT_INTERNAL_ERROR, outcome);
    result_done(&nothing);
}

/* --- executions -------------------------------------------------------------------------- */

static const char *state_name(enum execution_state state)
{
    static const char *const names[] = {
        [EXECUTION_QUEUED] = "queued",
        [EXECUTION_RUNNING] = "running",
        [EXECUTION_FINISHED] = "finished",
        [EXECUTION_CANCELLED] = "cancelled",
    };
    return names[state];
}

static json_t *times_and_label(const struct execution *x)
{
    return json_pack("{s:o,s:o,s:o,s:o}", "queued_at", native_time(x->created_ns), "started_at",
                     native_time(x->started_ns), "finished_at", native_time(x->finished_ns),
                     "label",
                     x->label != NULL ? json_repaired(x->label, strlen(x->label)) : json_null());
}

json_t *native_execution_summary(const struct execution *x)
{
    static const char *const came[] = {"verdict", "reason", "language", "version", "runtime", NULL};
    AUTO(json_freep) json_t *kept = object_of(x->request);
    AUTO(json_freep) json_t *result = object_of(x->result);
    json_t *o = json_pack("{s:s,s:s,s:n,s:s}", "id", x->id, "status", state_name(x->state),
                          "verdict", "reason", "");
    runtime_words_set(o, kept);
    words_set(o, result, came);
    json_t *rest = times_and_label(x);
    json_object_update(o, rest);
    json_decref(rest);
    return o;
}

/* Without the braces. */
static void members_add(struct buf *ret, const char *text, size_t len)
{
    if (len > 2) {
        buf_add_char(ret, ',');
        buf_add(ret, text + 1, len - 2);
    }
}

static void rest_add(struct buf *ret, const struct execution *x)
{
    AUTO(json_freep) json_t *rest = times_and_label(x);
    AUTO(mem_freep) char *text = json_dumps(rest, JSON_COMPACT);
    members_add(ret, text, strlen(text));
}

static void summary_write(const struct execution *x, struct buf *ret)
{
    AUTO(json_freep) json_t *summary = native_execution_summary(x);
    AUTO(mem_freep) char *text = json_dumps(summary, JSON_COMPACT);
    buf_add_str(ret, text);
}

void native_execution_write(const struct execution *x, struct buf *ret)
{
    const struct execution_bytes *answer = &x->parts[PART_ANSWER];
    if (answer->data == NULL) {
        summary_write(x, ret);
        return;
    }
    buf_add_fmt(ret, "{\"id\":\"%s\",\"status\":\"%s\"", x->id, state_name(x->state));
    members_add(ret, answer->data, answer->len);
    rest_add(ret, x);
    buf_add_char(ret, '}');
}

json_t *native_execution(const struct execution *x)
{
    AUTO(buf_done) struct buf text = {0};
    native_execution_write(x, &text);
    return json_loadb(text.data, text.len, JSON_ALLOW_NUL, NULL);
}
