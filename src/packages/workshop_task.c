/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/utf8.h"
#include "packages/workshop_impl.h"

#define MEMORY_BYTES (UINT64_C(3) << 30)
#define WALL_NS      (UINT64_C(30) * 60 * NS_PER_S)
#define CPU_NS       (UINT64_C(60) * 60 * NS_PER_S)
#define DISK_BYTES   (UINT64_C(2) << 30)
#define DISK_INODES  100000
#define PROCESSES    512
#define OPEN_FILES   4096
#define SAID_MAX     65536 /* dpkg tells the cause first, and then all that depends on it */
#define QUOTE_MAX    140
#define ERROR_MAX    240
#define WATCH_NS     (20 * NS_PER_MS)
#define INPUT_BYTES  ((size_t)256 << 10)

/* --- what it reads and writes ----------------------------------------------------------------- */

static void stop(struct workshop_task *t)
{
    t->failed = true;
    if (t->box) {
        box_kill(t->box, BOX_KILL_CANCEL);
    }
}

static void watch_set(struct workshop_task *t);

static void on_watch(void *ctx)
{
    struct workshop_task *t = ctx;
    if (t->over || t->failed) {
        return;
    }
    if (t->watch(t->watch_ctx, &t->err) < 0) {
        stop(t);
    } else {
        watch_set(t);
    }
}

static void watch_set(struct workshop_task *t)
{
    if (t->watch) {
        loop_timer_set(t->workshop->loop, &t->watch_timer, clock_mono_ns(&clock_system) + WATCH_NS,
                       on_watch, t);
    }
}

static bool on_output(void *ctx, enum box_stream stream, const char *data, size_t len)
{
    struct workshop_task *t = ctx;
    if (stream == BOX_STDERR) {
        buf_add(&t->said, data, len);
        buf_consume(&t->said, t->said.len > SAID_MAX ? t->said.len - SAID_MAX : 0);
    } else if (!t->failed && t->output && t->output(t->ctx, data, len, &t->err) < 0) {
        stop(t);
    }
    return true;
}

static void feed(void *ctx)
{
    struct workshop_task *t = ctx;
    AUTO(buf_done) struct buf piece = {0};
    while (!t->input_over && !t->failed && t->box && box_stdin_pending(t->box) == 0) {
        char *room = buf_reserve(&piece, INPUT_BYTES);
        ssize_t n = read(t->input_fd, room, INPUT_BYTES);
        if (n > 0) {
            box_stdin(t->box, room, (size_t)n);
        } else if (n == 0) {
            t->input_over = true;
            box_stdin_end(t->box);
        } else if (errno != EINTR) {
            (void)err_sys(&t->err, "reading what is to be unpacked");
            stop(t);
        }
    }
}

static void input_begin(struct workshop_task *t)
{
    if (t->input_fd >= 0) {
        feed(t);
        return;
    }
    if (t->input_len > 0) {
        box_stdin(t->box, t->input, t->input_len);
    }
    box_stdin_end(t->box);
}

/* --- how it ends ------------------------------------------------------------------------------ */

static const char *limit_name(uint32_t end)
{
    static const struct {
        enum box_end end;
        const char *name;
    } limits[] = {{BOX_END_WALL, "time"}, {BOX_END_CPU, "CPU time"}, {BOX_END_MEMORY, "memory"}};
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        if (limits[i].end == end) {
            return limits[i].name;
        }
    }
    return "its box";
}

static int end_judge(struct workshop_task *t, const struct box_report *report)
{
    if (t->failed) {
        return -(int)t->err.kind;
    }
    if (report->failure.kind) {
        t->err = report->failure;
        return -(int)t->err.kind;
    }
    if (report->ended.end == BOX_END_LOST) {
        return err_set(&t->err, ERR_GONE, "its box was lost");
    }
    if (report->ended.end != BOX_END_EXIT) {
        return err_set(&t->err, ERR_LIMIT, "'%s' was stopped at a limit: %s", t->argv[0],
                       limit_name(report->ended.end));
    }
    t->status = report->ended.wait_status;
    return 0;
}

static void on_ended(void *ctx, struct box_report *report)
{
    struct workshop_task *t = ctx;
    fd_close(report->product_fd);
    t->result = end_judge(t, report);
    t->over = true;
}

/* What says most of a failure: dpkg's first error with the reason in its next line, and what the
 * package's script had said before it; else the end. */
static void said_quote(const struct buf *said, struct buf *ret)
{
    static const char *const firsts[] = {"dpkg: error", "dpkg: unrecoverable"};
    AUTO(strv_freep) char **lines = strv_split(said->data ? said->data : "", "\n");
    for (char **line = lines; line && *line; line++) {
        for (size_t i = 0; i < ARRAY_LEN(firsts); i++) {
            if (str_starts(*line, firsts[i])) {
                const char *reason = line[1] && line[1][0] == ' ' ? line[1] : "";
                const char *before = line > lines ? line[-1] : "";
                AUTO(mem_freep)
                char *text = xasprintf("%s%s%s%s", before, before[0] ? ": " : "", *line, reason);
                size_t len = strlen(text);
                utf8_repair(text, len < ERROR_MAX ? len : ERROR_MAX, ret);
                return;
            }
        }
    }
    size_t len = said->data ? said->len : 0;
    while (len > 0 && said->data[len - 1] == '\n') {
        len--;
    }
    size_t skip = len > QUOTE_MAX ? len - QUOTE_MAX : 0;
    buf_add_str(ret, skip ? "..." : "");
    utf8_repair(said->data ? said->data + skip : "", len - skip, ret);
}

int workshop_task_judge(const struct workshop_task *t, const char *what, const struct buf *said,
                        struct err *e)
{
    if (WIFEXITED(t->status) && WEXITSTATUS(t->status) == 0) {
        return 0;
    }
    AUTO(buf_done) struct buf quote = {0};
    said_quote(said, &quote);
    bool signalled = WIFSIGNALED(t->status);
    return err_set(e, ERR_INVALID, "%s ended with %s %d: %s", what, signalled ? "signal" : "status",
                   signalled ? WTERMSIG(t->status) : WEXITSTATUS(t->status),
                   quote.len ? quote.data : "it said nothing");
}

/* --- the box ---------------------------------------------------------------------------------- */

static uint64_t or_else(uint64_t given, uint64_t otherwise)
{
    return given ? given : otherwise;
}

static int box_open(struct workshop_task *t, struct err *e)
{
    struct box_spec spec = {
        .layers = t->layers,
        .layer_count = t->layer_count,
        .class = BOX_CLASS_BATCH,
        .maxima = {.memory_bytes = or_else(t->memory_bytes, MEMORY_BYTES),
                   .disk_bytes = DISK_BYTES,
                   .disk_inodes = DISK_INODES,
                   .processes = PROCESSES},
    };
    struct box_events events = {.output = on_output,
                                .ended = on_ended,
                                .stdin_room = t->input_fd >= 0 ? feed : NULL,
                                .ctx = t};
    return box_new(t->workshop->sandbox, &spec, &events, &t->box, e);
}

static int box_begin(struct workshop_task *t, struct err *e)
{
    struct box_program program = {
        .argv = t->argv,
        .env = t->env,
        .archive = t->files,
        .archive_size = t->files_len,
        .archive_fd = -1,
        .stdio = BOX_STDIO_PIPE,
        .stdio_fds = {-1, -1, -1},
        .wall_ns = or_else(t->wall_ns, WALL_NS),
        .cpu_ns = or_else(t->cpu_ns, CPU_NS),
        .file_bytes = t->file_bytes,
        .open_files = OPEN_FILES,
        .processes = PROCESSES,
    };
    int r = box_start(t->box, &program, e);
    if (r == 0) {
        input_begin(t);
        watch_set(t);
    }
    return r;
}

/* Until all boxes are gone, too: the next one of a stage has the same upper directory. */
static int wait_for_end(struct workshop_task *t, struct err *e)
{
    struct workshop *w = t->workshop;
    int r = 0;
    while (r == 0 && !t->over && !w->signo && !sandbox_is_lost(w->sandbox)) {
        r = loop_step(w->loop, UINT64_MAX, e);
    }
    loop_timer_cancel(&t->watch_timer);
    if (t->box) {
        box_free(TAKE(&t->box, NULL));
    }
    while (r == 0 && sandbox_live(w->sandbox) > 0 && !sandbox_is_lost(w->sandbox)) {
        r = loop_step(w->loop, UINT64_MAX, e);
    }
    if (r == 0 && !t->over) {
        r = err_set(e, ERR_GONE, w->signo ? "stopped" : "belljar-boxd has ended");
    } else if (r == 0 && t->result < 0) {
        *e = t->err;
        r = t->result;
    }
    return r;
}

int workshop_task_run(struct workshop_task *t, struct err *e)
{
    int r = box_open(t, e);
    r = r < 0 ? r : box_begin(t, e);
    return r < 0 ? r : wait_for_end(t, e);
}

void workshop_task_done(struct workshop_task *t)
{
    if (t->box) {
        box_free(TAKE(&t->box, NULL));
    }
    buf_done(&t->said);
}
