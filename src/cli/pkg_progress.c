/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pkg_progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/event_out.h"
#include "cli/text.h"
#include "cli/tty.h"

#define TOLD_EACH_NS (100 * NS_PER_MS)
#define BAR_WIDTH    24
#define ERASE        "\r\033[K"

static const struct {
    const char *event, *words;
} phases[] = {
    [PROGRESS_PLAN] = {"plan", "resolving"},     [PROGRESS_DOWNLOAD] = {"download", "downloading"},
    [PROGRESS_UNPACK] = {"unpack", "unpacking"}, [PROGRESS_SETUP] = {"setup", "setting up"},
    [PROGRESS_CHECK] = {"check", "checking"},    [PROGRESS_DONE] = {"done", "done"},
};

static void amount_add(enum progress_phase phase, uint64_t n, struct buf *ret)
{
    if (phase == PROGRESS_DOWNLOAD) {
        text_add_bytes(ret, n);
    } else {
        buf_add_fmt(ret, "%llu", (unsigned long long)n);
    }
}

/* --- the three ways --------------------------------------------------------------------------- */

static void event_print(const struct pkg_progress *p, uint64_t done, uint64_t total)
{
    json_t *line = json_object();
    json_object_set_new(line, "phase", json_string(phases[p->phase].event));
    json_object_set_new(line, "what", json_string(p->what));
    json_object_set_new(line, "done", json_integer((json_int_t)done));
    json_object_set_new(line, "total", json_integer((json_int_t)total));
    if (p->count > 0) {
        json_object_set_new(line, "position", json_integer((json_int_t)p->position));
        json_object_set_new(line, "count", json_integer((json_int_t)p->count));
    }
    event_out(STDOUT_FILENO, line, 0);
    json_decref(line);
}

static void head_add(const struct pkg_progress *p, struct buf *ret)
{
    if (p->count > 1) {
        buf_add_fmt(ret, "[%zu/%zu] ", p->position, p->count);
    }
    buf_add_fmt(ret, "%s: %s", p->what, phases[p->phase].words);
}

static void line_print(const struct pkg_progress *p, uint64_t total)
{
    AUTO(buf_done) struct buf line = {0};
    head_add(p, &line);
    if (total > 0 && p->phase == PROGRESS_DOWNLOAD) {
        buf_add_char(&line, ' ');
        amount_add(p->phase, total, &line);
    }
    cli_note("pkg", "%s", line.data);
}

static void bar_add(uint64_t done, uint64_t total, struct buf *ret)
{
    unsigned full = (unsigned)((double)(done < total ? done : total) / (double)total * BAR_WIDTH);
    buf_add_str(ret, " [");
    for (unsigned i = 0; i < BAR_WIDTH; i++) {
        buf_add_char(ret, i < full ? '#' : '.');
    }
    buf_add_str(ret, "] ");
}

static void bar_draw(struct pkg_progress *p, uint64_t done, uint64_t total)
{
    AUTO(buf_done) struct buf line = {0};
    uint16_t rows, columns;
    tty_size(STDERR_FILENO, &rows, &columns);
    head_add(p, &line);
    if (total > 0) {
        bar_add(done, total, &line);
        amount_add(p->phase, done, &line);
        buf_add_str(&line, " of ");
        amount_add(p->phase, total, &line);
    }
    fprintf(stderr, ERASE "%.*s", columns - 1, line.data);
    (void)fflush(stderr);
    p->drawn = true;
}

/* --- steps ------------------------------------------------------------------------------------ */

static void on_step(void *ctx, const char *what, enum progress_phase phase, uint64_t done,
                    uint64_t total)
{
    struct pkg_progress *p = ctx;
    uint64_t now = clock_mono_ns(&clock_system);
    AUTO(mem_freep) char *name = xstrndup(what, sizeof(p->what) - 1);
    bool other = !p->begun || p->phase != phase || strcmp(p->what, name) != 0;
    bool last = total > 0 && done == total;
    if (p->show == PKG_SHOW_LINES ? !other : !other && !last && now - p->told_ns < TOLD_EACH_NS) {
        return;
    }
    snprintf(p->what, sizeof(p->what), "%s", name);
    p->phase = phase;
    p->begun = true;
    p->told_ns = now;
    if (p->show == PKG_SHOW_EVENTS) {
        event_print(p, done, total);
    } else if (p->show == PKG_SHOW_BAR) {
        bar_draw(p, done, total);
    } else if (phase != PROGRESS_DONE) { /* the result says that */
        line_print(p, total);
    }
}

void pkg_progress_relay(struct pkg_progress *p, const char *event, const char *what, uint64_t done,
                        uint64_t total)
{
    for (size_t i = 0; i < ARRAY_LEN(phases); i++) {
        if (strcmp(phases[i].event, event) == 0) {
            on_step(p, what, (enum progress_phase)i, done, total);
        }
    }
}

void pkg_progress_init(struct pkg_progress *p, bool events)
{
    const char *term = secure_getenv("TERM");
    bool terminal = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
    *p = (struct pkg_progress){.progress = {.step = on_step, .ctx = p}};
    p->show = events ? PKG_SHOW_EVENTS : terminal ? PKG_SHOW_BAR : PKG_SHOW_LINES;
}

void pkg_progress_clear(struct pkg_progress *p)
{
    if (p->drawn) {
        fputs(ERASE, stderr);
        (void)fflush(stderr);
        p->drawn = false;
    }
}
