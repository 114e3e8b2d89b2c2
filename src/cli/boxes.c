/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/boxes.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "cli/remote.h"
#include "cli/text.h"

/* A column, filled up to its width; two blanks at least. */
static void cell_add(struct buf *ret, size_t width, const struct buf *text)
{
    buf_add(ret, text->data, text->len);
    for (size_t i = text->len; i < width; i++) {
        buf_add_char(ret, ' ');
    }
    buf_add_str(ret, "  ");
}

static void text_cell(struct buf *ret, size_t width, const json_t *box, const char *key)
{
    AUTO(buf_done) struct buf text = {0};
    text_add(&text, box, key);
    cell_add(ret, width, &text);
}

static void language_cell(struct buf *ret, size_t width, const json_t *box)
{
    AUTO(buf_done) struct buf text = {0};
    text_add(&text, box, "language");
    if (json_is_string(json_object_get(box, "version"))) {
        buf_add_char(&text, ' ');
        text_add(&text, box, "version");
    }
    cell_add(ret, width, &text);
}

static void stage_cell(struct buf *ret, size_t width, const json_t *box)
{
    AUTO(buf_done) struct buf text = {0};
    bool session = json_is_true(json_object_get(box, "session"));
    if (session) {
        buf_add_str(&text, "session");
    } else {
        text_add(&text, box, "stage");
    }
    cell_add(ret, width, &text);
}

static void number_add(struct buf *ret, const json_t *box)
{
    const json_t *memory = json_object_get(box, "memory_bytes");
    const json_t *cpu = json_object_get(box, "cpu_ms");
    AUTO(buf_done) struct buf text = {0};
    if (json_is_integer(memory)) {
        text_add_bytes(&text, (uint64_t)json_integer_value(memory));
    } else {
        buf_add_char(&text, '-');
    }
    cell_add(ret, 8, &text);
    if (json_is_number(cpu)) {
        text_add_ms(ret, json_number_value(cpu));
    } else {
        buf_add_char(ret, '-');
    }
}

void boxes_table(const json_t *boxes, uint64_t now_ns, struct buf *ret)
{
    size_t index;
    json_t *box;
    buf_add_fmt(ret, "%-26s  %-20s  %-16s  %-7s  %-7s  %-8s  CPU\n", "ID", "CALLER", "LANGUAGE",
                "STAGE", "AGE", "MEMORY");
    json_array_foreach(boxes, index, box)
    {
        AUTO(buf_done) struct buf age = {0};
        text_add_age(&age, json_string_value(json_object_get(box, "started_at")), now_ns);
        text_cell(ret, 26, box, "id");
        text_cell(ret, 20, box, "caller");
        language_cell(ret, 16, box);
        stage_cell(ret, 7, box);
        cell_add(ret, 7, &age);
        number_add(ret, box);
        buf_add_char(ret, '\n');
    }
}

/* --- callers ---------------------------------------------------------------------------------- */

struct caller_count {
    const char *name;
    size_t boxes;
};

static int busier_first(const void *a, const void *b)
{
    const struct caller_count *x = a, *y = b;
    return x->boxes != y->boxes ? (x->boxes < y->boxes ? 1 : -1) : strcmp(x->name, y->name);
}

static size_t callers_count(const json_t *boxes, struct caller_count *ret)
{
    size_t count = 0, index;
    json_t *box;
    json_array_foreach(boxes, index, box)
    {
        const char *name = json_string_value(json_object_get(box, "caller"));
        size_t at = 0;
        while (name && at < count && strcmp(ret[at].name, name) != 0) {
            at++;
        }
        if (name && at == count) {
            ret[count++] = (struct caller_count){.name = name};
        }
        if (name) {
            ret[at].boxes++;
        }
    }
    qsort(ret, count, sizeof(*ret), busier_first);
    return count;
}

void boxes_callers_table(const json_t *boxes, size_t max, struct buf *ret)
{
    size_t size = json_array_size(boxes);
    AUTO(mem_freep) struct caller_count *callers = xcalloc(size + 1, sizeof(*callers));
    size_t count = callers_count(boxes, callers);
    for (size_t i = 0; i < count && i < max; i++) {
        AUTO(remote_json_freep)
        json_t *name = json_pack("{s:s}", "caller", callers[i].name);
        text_cell(ret, 26, name, "caller");
        buf_add_fmt(ret, "%zu\n", callers[i].boxes);
    }
}
