/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `belljar top`: a server at work, once a second.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/loop.h"
#include "cli/boxes.h"
#include "cli/commands.h"
#include "cli/fetch.h"
#include "cli/inlet.h"
#include "cli/remote_args.h"
#include "cli/top_view.h"
#include "cli/tty.h"
#include "client/client_multi.h"

#define STATS_PATH  "/api/v1/stats"
#define INTERVAL_NS NS_PER_S

/* The other screen, so that the shell's lines are there again at the end; no cursor. */
#define SCREEN_ENTER "\033[?1049h\033[?25l"
#define SCREEN_LEAVE "\033[?25h\033[?1049l"
#define CTRL_C       '\003'

enum { FLAG_ONCE };

const struct cli_flag top_flags[] = {
    [FLAG_ONCE] = {"--once", 0, NULL,
                   "Print it once, as plain text; also where stdout is no terminal."},
    REMOTE_FLAGS,
    {0},
};

struct top {
    const struct remote *remote;
    struct log log; /* of libcurl's multi: nothing but errors, and here nowhere to put them */
    struct loop *loop;
    struct client_multi *multi;
    struct fetch *stats_fetch, *boxes_fetch;
    struct loop_timer timer;
    struct inlet keys;
    struct tty tty;
    bool entered;
    json_t *stats, *boxes;
    struct err stats_trouble, boxes_trouble; /* kind 0: none */
    uint64_t stats_ns;                       /* when they came; CLOCK_MONOTONIC */
    double rate;
    int status;
};

/* --- drawing ---------------------------------------------------------------------------------- */

static const char *trouble_of(const struct err *e)
{
    return e->kind ? e->text : NULL;
}

static void top_text(const struct top *t, struct buf *ret)
{
    const struct top_facts facts = {
        .url = t->remote->url,
        .stats = t->stats,
        .boxes = t->boxes,
        .stats_trouble = trouble_of(&t->stats_trouble),
        .boxes_trouble = trouble_of(&t->boxes_trouble),
        .rate = t->rate,
        .now_ns = clock_wall_ns(&clock_system),
    };
    top_view(&facts, ret);
}

static void top_draw(struct top *t)
{
    AUTO(buf_done) struct buf text = {0};
    AUTO(buf_done) struct buf screen = {0};
    uint16_t rows, columns;
    struct err e;
    tty_size(STDOUT_FILENO, &rows, &columns);
    top_text(t, &text);
    top_screen(&text, rows, columns, &screen);
    if (fd_write_all(STDOUT_FILENO, screen.data, screen.len, &e) < 0) {
        loop_stop(t->loop);
    }
}

static void top_leave(struct top *t)
{
    struct err e;
    if (t->entered) {
        (void)fd_write_all(STDOUT_FILENO, SCREEN_LEAVE, strlen(SCREEN_LEAVE), &e);
    }
    t->entered = false;
    tty_restore(&t->tty);
}

/* --- what comes ------------------------------------------------------------------------------- */

static void rate_take(struct top *t, const json_t *stats)
{
    uint64_t now = clock_mono_ns(&clock_system);
    json_int_t before = json_integer_value(json_object_get(t->stats, "finished"));
    json_int_t finished = json_integer_value(json_object_get(stats, "finished"));
    bool known = t->stats && finished >= before && now > t->stats_ns; /* else it was restarted */
    t->rate =
        known ? (double)(finished - before) * (double)NS_PER_S / (double)(now - t->stats_ns) : -1;
    t->stats_ns = now;
}

static void top_on_stats(void *ctx, const json_t *answer, const struct err *e)
{
    struct top *t = ctx;
    t->stats_trouble = e ? *e : (struct err){0};
    if (answer) {
        rate_take(t, answer);
        json_decref(t->stats);
        t->stats = json_deep_copy(answer);
    }
    top_draw(t);
}

static void top_on_boxes(void *ctx, const json_t *answer, const struct err *e)
{
    struct top *t = ctx;
    t->boxes_trouble = e ? *e : (struct err){0};
    json_decref(t->boxes);
    t->boxes = answer ? json_deep_copy(json_object_get(answer, "boxes")) : NULL;
    top_draw(t);
}

static void top_on_timer(void *ctx)
{
    struct top *t = ctx;
    fetch_start(t->stats_fetch);
    fetch_start(t->boxes_fetch);
    loop_timer_set(t->loop, &t->timer, loop_now_ns(t->loop) + INTERVAL_NS, top_on_timer, t);
}

static bool top_on_keys(void *ctx, const char *data, size_t len)
{
    struct top *t = ctx;
    if (memchr(data, 'q', len) || memchr(data, 'Q', len) || memchr(data, CTRL_C, len)) {
        loop_stop(t->loop);
    }
    return true;
}

static void top_on_keys_end(void *ctx)
{
    struct top *t = ctx;
    loop_stop(t->loop);
}

static void top_on_signal(void *ctx, int signo)
{
    struct top *t = ctx;
    t->status = 128 + signo;
    loop_stop(t->loop);
}

static void top_on_resized(void *ctx, uint16_t rows, uint16_t columns)
{
    struct top *t = ctx;
    (void)rows;
    (void)columns;
    top_draw(t);
}

/* --- all of it -------------------------------------------------------------------------------- */

static void top_done(struct top *t)
{
    top_leave(t);
    inlet_stop(&t->keys);
    fetch_free(t->stats_fetch);
    fetch_free(t->boxes_fetch);
    client_multi_free(t->multi);
    if (t->loop) {
        loop_timer_cancel(&t->timer);
    }
    loop_free(t->loop);
    json_decref(t->stats);
    json_decref(t->boxes);
}

static int top_connect(struct top *t, struct err *e)
{
    int r = loop_new(&t->loop, e);
    if (r == 0) {
        r = client_multi_new(t->loop, &t->log, &t->multi, e);
    }
    if (r == 0) {
        r = fetch_new(t->multi, t->remote, STATS_PATH, top_on_stats, t, &t->stats_fetch, e);
    }
    if (r == 0) {
        r = fetch_new(t->multi, t->remote, BOXES_PATH, top_on_boxes, t, &t->boxes_fetch, e);
    }
    return r;
}

static int top_enter(struct top *t, struct err *e)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(signals); i++) {
        r = loop_signal_add(t->loop, signals[i], top_on_signal, t, e);
    }
    t->tty = (struct tty){.loop = t->loop, .fd = STDIN_FILENO, .resized = top_on_resized, .ctx = t};
    if (r == 0) {
        r = tty_watch(&t->tty, e);
    }
    if (r == 0 && isatty(STDIN_FILENO)) {
        r = tty_raw(&t->tty, e);
        t->keys = (struct inlet){.loop = t->loop, .fd = STDIN_FILENO, .ctx = t};
        t->keys.take = top_on_keys;
        t->keys.end = top_on_keys_end;
        inlet_start(&t->keys);
    }
    if (r == 0) {
        t->entered = true;
        r = fd_write_all(STDOUT_FILENO, SCREEN_ENTER, strlen(SCREEN_ENTER), e);
    }
    return r;
}

static int top_live(const struct remote *remote, struct err *e)
{
    AUTO(top_done) struct top t = {.remote = remote, .rate = -1};
    t.log.level = LOG_LEVEL_NONE;
    int r = top_connect(&t, e);
    if (r == 0) {
        r = top_enter(&t, e);
    }
    if (r == 0) {
        top_on_timer(&t);
        r = loop_run(t.loop, e);
    }
    return r < 0 ? r : t.status;
}

static int top_once(const struct remote *remote, struct err *e)
{
    AUTO(remote_json_freep) json_t *stats = NULL;
    AUTO(remote_json_freep) json_t *boxes = NULL;
    AUTO(buf_done) struct buf text = {0};
    struct err trouble = {0};
    int r = remote_get(remote, STATS_PATH, &stats, e);
    if (r < 0) {
        return r;
    }
    (void)remote_get(remote, BOXES_PATH, &boxes, &trouble); /* it may want more rights */
    const struct top_facts facts = {
        .url = remote->url,
        .stats = stats,
        .boxes = json_object_get(boxes, "boxes"),
        .boxes_trouble = trouble_of(&trouble),
        .rate = -1,
        .now_ns = clock_wall_ns(&clock_system),
    };
    top_view(&facts, &text);
    cli_put(&text, stdout);
    return CLI_OK;
}

int cmd_top(int argc, char **argv)
{
    AUTO(remote_args_done) struct remote_args a = {0};
    struct err e = {0};
    if (remote_args_read(argv + (argc > 0), top_flags, 0, "", &a, &e) < 0) {
        cli_error("top", &e);
        return CLI_USAGE;
    }
    bool once = remote_args_given(&a, FLAG_ONCE) || !isatty(STDOUT_FILENO);
    int r = once ? top_once(&a.remote, &e) : top_live(&a.remote, &e);
    if (r < 0) {
        cli_error("top", &e);
        return CLI_FAILED;
    }
    return r;
}
