/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/execution_text.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "cli/text.h"

static void line_add(struct buf *ret, const char *name, const json_t *json, const char *key)
{
    if (json_is_string(json_object_get(json, key))) {
        buf_add_fmt(ret, "%-9s ", name);
        text_add(ret, json, key);
        buf_add_char(ret, '\n');
    }
}

static void stage_add(struct buf *ret, const char *name, const json_t *stage)
{
    const json_t *memory = json_object_get(stage, "memory_bytes");
    const json_t *code = json_object_get(stage, "exit_code");
    if (!json_is_object(stage)) {
        return;
    }
    buf_add_fmt(ret, "%-9.40s ", name);
    text_add(ret, stage, "verdict");
    if (json_is_integer(code)) {
        buf_add_fmt(ret, ", exit code %d", (int)json_integer_value(code));
    }
    buf_add_str(ret, ", ");
    text_add_ms(ret, json_number_value(json_object_get(stage, "wall_ms")));
    buf_add_str(ret, " (CPU ");
    text_add_ms(ret, json_number_value(json_object_get(stage, "cpu_ms")));
    buf_add_char(ret, ')');
    if (json_is_integer(memory)) {
        buf_add_str(ret, ", ");
        text_add_bytes(ret, (uint64_t)json_integer_value(memory));
    }
    buf_add_char(ret, '\n');
}

void execution_tests_text(const json_t *execution, struct buf *ret)
{
    size_t index;
    json_t *test;
    json_array_foreach(json_object_get(execution, "tests"), index, test)
    {
        AUTO(buf_done) struct buf name = {0};
        buf_add_str(&name, "test ");
        text_add(&name, test, "name");
        stage_add(ret, name.data, test);
    }
}

void execution_text(const json_t *execution, struct buf *ret)
{
    line_add(ret, "id", execution, "id");
    line_add(ret, "status", execution, "status");
    line_add(ret, "verdict", execution, "verdict");
    line_add(ret, "language", execution, "language");
    line_add(ret, "version", execution, "version");
    line_add(ret, "label", execution, "label");
    line_add(ret, "queued", execution, "queued_at");
    line_add(ret, "started", execution, "started_at");
    line_add(ret, "finished", execution, "finished_at");
    stage_add(ret, "compile", json_object_get(execution, "compile"));
    stage_add(ret, "run", json_object_get(execution, "run"));
    execution_tests_text(execution, ret);
}
