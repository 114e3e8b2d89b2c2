/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/top_view.h"

#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/boxes.h"
#include "cli/text.h"

#define CALLERS   5
#define BAR_WIDTH 30

#define HOME        "\033[H"
#define LINE_END    "\033[K" /* clears what was behind it */
#define CLEAR_BELOW "\033[J"

static json_int_t number_of(const json_t *stats, const char *key)
{
    return json_integer_value(json_object_get(stats, key));
}

static void head_add(const struct top_facts *f, struct buf *ret)
{
    char text[32] = "";
    struct tm tm;
    time_t now = (time_t)(f->now_ns / NS_PER_S);
    if (localtime_r(&now, &tm)) {
        strftime(text, sizeof(text), "%H:%M:%S", &tm);
    }
    buf_add_fmt(ret, "belljar %s  %s%s\n\n", f->url, text,
                json_is_true(json_object_get(f->stats, "paused")) ? "  paused" : "");
}

/* "slots     3 of 4    [######      ]" */
static void share_add(struct buf *ret, const char *name, json_int_t used, json_int_t all)
{
    size_t filled = all > 0 ? (size_t)(used * BAR_WIDTH / all) : 0;
    filled = filled < BAR_WIDTH ? filled : BAR_WIDTH;
    buf_add_fmt(ret, "%-10s %6" JSON_INTEGER_FORMAT " of %-6" JSON_INTEGER_FORMAT " [", name, used,
                all);
    for (size_t i = 0; i < BAR_WIDTH; i++) {
        buf_add_char(ret, i < filled ? '#' : ' ');
    }
    buf_add_str(ret, "]\n");
}

static void counts_add(const struct top_facts *f, struct buf *ret)
{
    const json_t *s = f->stats;
    share_add(ret, "slots", number_of(s, "running"), number_of(s, "slots"));
    share_add(ret, "sessions", number_of(s, "sessions"), number_of(s, "sessions_max"));
    buf_add_fmt(ret, "%-10s %6" JSON_INTEGER_FORMAT " waiting\n", "queue",
                number_of(s, "queue_size"));
    buf_add_fmt(ret, "%-10s %6" JSON_INTEGER_FORMAT "\n", "boxes", number_of(s, "boxes"));
    buf_add_fmt(ret, "%-10s %6" JSON_INTEGER_FORMAT, "finished", number_of(s, "finished"));
    if (f->rate >= 0) {
        buf_add_fmt(ret, "    %.1f a second", f->rate);
    }
    buf_add_char(ret, '\n');
}

static void percentile_add(struct buf *ret, const json_t *of, const char *key)
{
    const json_t *ms = json_object_get(of, key);
    AUTO(buf_done) struct buf text = {0};
    if (json_is_number(ms)) {
        text_add_ms(&text, json_number_value(ms));
    } else {
        buf_add_char(&text, '-');
    }
    buf_add_fmt(ret, " %10s", text.data);
}

static void latencies_add(const json_t *stats, struct buf *ret)
{
    static const struct {
        const char *key, *name;
    } rows[] = {
        {"queue_ms", "queue"},
        {"box_start_ms", "box start"},
        {"run_ms", "run"},
        {"total_ms", "total"},
    };
    const json_t *all = json_object_get(stats, "percentiles");
    if (!json_is_object(all)) {
        return;
    }
    buf_add_fmt(ret, "\n%-10s %10s %10s %10s\n", "latency", "p50", "p90", "p99");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const json_t *of = json_object_get(all, rows[i].key);
        buf_add_fmt(ret, "%-10s", rows[i].name);
        percentile_add(ret, of, "p50");
        percentile_add(ret, of, "p90");
        percentile_add(ret, of, "p99");
        buf_add_char(ret, '\n');
    }
}

static void boxes_add(const struct top_facts *f, struct buf *ret)
{
    if (json_array_size(f->boxes) > 0) {
        buf_add_fmt(ret, "\n%-26s  BOXES\n", "CALLER");
        boxes_callers_table(f->boxes, CALLERS, ret);
        buf_add_char(ret, '\n');
        boxes_table(f->boxes, f->now_ns, ret);
    } else if (f->boxes_trouble) {
        buf_add_fmt(ret, "\nboxes: %s\n", f->boxes_trouble);
    }
}

void top_view(const struct top_facts *f, struct buf *ret)
{
    head_add(f, ret);
    if (f->stats_trouble) {
        buf_add_fmt(ret, "%s\n", f->stats_trouble);
    }
    if (f->stats) {
        counts_add(f, ret);
        latencies_add(f->stats, ret);
        boxes_add(f, ret);
    }
}

/* As many bytes of the line as fill `columns` places, taking each character for one place wide. */
static size_t cut(const char *line, size_t len, size_t columns)
{
    size_t at = 0;
    for (size_t places = 0; at < len; at++) {
        bool first = ((unsigned char)line[at] & 0xc0) != 0x80;
        places += first ? 1 : 0;
        if (places > columns) {
            break;
        }
    }
    return at;
}

void top_screen(const struct buf *view, size_t rows, size_t columns, struct buf *ret)
{
    const char *line = view->data, *end = view->data + view->len;
    buf_add_str(ret, HOME);
    for (size_t row = 0; row < rows && line < end; row++) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t len = (size_t)((newline ? newline : end) - line);
        buf_add_str(ret, row ? "\r\n" : "");
        buf_add(ret, line, cut(line, len, columns));
        buf_add_str(ret, LINE_END);
        line += len + 1;
    }
    buf_add_str(ret, CLEAR_BELOW);
}
