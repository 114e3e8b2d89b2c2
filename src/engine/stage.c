/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/stage.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "boxproto/weaken.h"
#include "engine/verdict.h"
#include "model/runtime.h"
#include "sandbox/pool.h"
#include "sandbox/sandbox.h"

#define FILE_CHUNK (64 * 1024)
#define DATA_SLACK (UINT64_C(512) << 20)

void stage_init(struct stage *s)
{
    *s = (struct stage){.files = {-1, -1, -1}};
}

/* --- output ------------------------------------------------------------------------------ */

static size_t stream_index(enum engine_stream stream)
{
    return stream == STREAM_STDERR;
}

static void stage_keep(struct stage *s, enum engine_stream stream, const char *data, size_t len)
{
    struct stage_result *r = s->result;
    buf_add(stream == STREAM_STDERR ? &r->err : &r->out, data, len);
    utf8_stream_feed(&s->repair[stream_index(stream)], data, len, &r->both);
}

static bool stage_take(struct stage *s, enum engine_stream stream, const char *data, size_t len)
{
    struct output *o = &s->output[stream_index(stream)];
    size_t kept = output_take(o, len);
    *(stream == STREAM_STDERR ? &s->result->err_truncated : &s->result->out_truncated) =
        o->truncated;
    if (o->truncated && s->on_output_limit == JOB_OUTPUT_STOP && !s->muted) {
        box_kill(s->box, BOX_KILL_OUTPUT);
    }
    if (kept == 0) {
        return true;
    }
    if (s->keep_output) {
        stage_keep(s, stream, data, kept);
    }
    return s->muted || s->events.output(s->events.ctx, stream, data, kept);
}

/* What the program has written into files is read when it is over. */
static void stage_read_file(struct stage *s, enum engine_stream stream)
{
    int fd = s->files[stream];
    char chunk[FILE_CHUNK];
    off_t at = 0;
    ssize_t n = 0;
    while (!s->output[stream_index(stream)].truncated &&
           (n = pread(fd, chunk, sizeof(chunk), at)) > 0) {
        at += n;
        stage_take(s, stream, chunk, (size_t)n);
    }
}

static void stage_finish_output(struct stage *s)
{
    if (s->keep_output) {
        utf8_stream_end(&s->repair[0], &s->result->both);
        utf8_stream_end(&s->repair[1], &s->result->both);
    }
}

/* --- what the box says ------------------------------------------------------------------- */

static bool stage_on_output(void *ctx, enum box_stream stream, const char *data, size_t len)
{
    return stage_take(ctx, stream == BOX_STDERR ? STREAM_STDERR : STREAM_STDOUT, data, len);
}

static void stage_on_stdin_room(void *ctx)
{
    struct stage *s = ctx;
    s->events.stdin_room(s->events.ctx);
}

/* ERR_UNSUPPORTED comes of the program's own file, when it was to run. */
static bool spare_failed(const struct stage *s, const struct box_report *report)
{
    enum err_kind kind = report->failure.kind;
    return s->spare != 0 && !report->may_have_run && kind != ERR_GONE && kind != ERR_UNSUPPORTED &&
           !s->muted;
}

static void stage_on_ended(void *ctx, struct box_report *report)
{
    struct stage *s = ctx;
    if (!s->started) {
        stage_end(s); /* the one that is made when it is needed tells what is wrong */
        return;
    }
    if (spare_failed(s, report)) {
        fd_close(report->product_fd);
        s->events.spoiled(s->events.ctx);
        return;
    }
    if (s->files[STREAM_STDOUT] >= 0 && report->ended.end != BOX_END_LOST) {
        stage_read_file(s, STREAM_STDOUT);
        stage_read_file(s, STREAM_STDERR);
    }
    stage_finish_output(s);
    verdict_decide(report, s->limits, s->on_output_limit, s->result);
    s->events.done(s->events.ctx, report);
}

static void stage_on_built(void *ctx)
{
    const struct stage *s = ctx;
    if (s->started && s->events.built) {
        s->events.built(s->events.ctx);
    }
}

static const struct box_events box_events = {
    .built = stage_on_built,
    .output = stage_on_output,
    .stdin_room = stage_on_stdin_room,
    .ended = stage_on_ended,
};

/* --- start and end ----------------------------------------------------------------------- */

static struct box_maxima maxima_of(const struct stage_plan *plan)
{
    const struct limits *l = plan->limits;
    return (struct box_maxima){
        .memory_bytes = l->memory_bytes,
        .disk_bytes = l->disk_bytes + plan->disk_more,
        .disk_inodes = l->disk_inodes + plan->inodes_more,
        .processes = l->processes,
        .cpu_milli = l->cpu_milli ? l->cpu_milli : plan->cpu_milli,
    };
}

static struct box_spec spec_of(const struct stage_plan *plan)
{
    const struct runtime *runtime = plan->job->runtime;
    return (struct box_spec){
        .layers = runtime->layers,
        .layer_count = plan->layer_count,
        .network = plan->network,
        .class = plan->job->priority == JOB_BATCH ? BOX_CLASS_BATCH : BOX_CLASS_INTERACTIVE,
        .maxima = maxima_of(plan),
    };
}

static int stage_make_files(struct stage *s, const struct stage_plan *plan, struct err *e)
{
    int r = fd_memfd("belljar-stdin", plan->stdin_data, plan->stdin_size, true, &s->files[0], e);
    if (r == 0) {
        r = fd_memfd("belljar-stdout", "", 0, false, &s->files[1], e);
    }
    if (r == 0) {
        r = fd_memfd("belljar-stderr", "", 0, false, &s->files[2], e);
    }
    return r;
}

/* A warm spare has them already. */
static int stage_get_files(struct stage *s, const struct stage_plan *plan, struct err *e)
{
    if (s->files[0] < 0) {
        return stage_make_files(s, plan, e);
    }
    return fd_memfd_fill(s->files[0], plan->stdin_data, plan->stdin_size, e);
}

/*
 * Where no cgroup holds a box, each of its processes is held, loosely: this counts what a process
 * maps to write to, not what it uses, and the JVM and Go map some 400 MiB for nothing.
 */
static uint64_t data_bytes_of(const struct sandbox *sandbox, const struct limits *l)
{
    bool held = sandbox_hello(sandbox)->features & BOX_FEATURE_MEMORY;
    return held ? 0 : l->memory_bytes + DATA_SLACK;
}

/*
 * Where a cgroup counts them, RLIMIT_NPROC would be met first, and nobody told that the limit was.
 */
static uint32_t processes_of(const struct sandbox *sandbox, const struct limits *l)
{
    bool held = sandbox_hello(sandbox)->features & BOX_FEATURE_PIDS;
    return held ? 0 : l->processes;
}

/* No CPU limit is none also when a later end was asked for. */
static uint64_t cpu_stop_ms(const struct limits *l)
{
    return l->cpu_ms > 0 && l->cpu_stop_ms > l->cpu_ms ? l->cpu_stop_ms : l->cpu_ms;
}

static struct box_program program_of(const struct stage *s, const struct sandbox *sandbox,
                                     const struct stage_plan *plan)
{
    static const enum box_stdio kinds[] = {
        [JOB_STDIO_PIPE] = BOX_STDIO_PIPE,
        [JOB_STDIO_FILE] = BOX_STDIO_FILE,
        [JOB_STDIO_PTY] = BOX_STDIO_PTY,
    };
    const struct limits *l = plan->limits;
    return (struct box_program){
        .argv = plan->argv,
        .env = plan->env,
        .collect_bytes = plan->collect_max,
        .archive = plan->files ? plan->files->data : NULL,
        .archive_size = plan->files ? plan->files->len : plan->product_size,
        .archive_fd = plan->product_fd,
        .stdio = kinds[plan->stdio],
        .stdio_fds = {s->files[0], s->files[1], s->files[2]},
        .rows = plan->job->rows,
        .columns = plan->job->columns,
        .merge_stderr = plan->merge_stderr,
        .wall_ns = l->wall_ms * NS_PER_MS,
        .cpu_ns = cpu_stop_ms(l) * NS_PER_MS,
        .stack_bytes = l->stack_bytes,
        .file_bytes = l->file_bytes,
        .address_bytes = l->address_bytes,
        .open_files = l->open_files,
        .data_bytes = data_bytes_of(sandbox, l),
        .processes = processes_of(sandbox, l),
    };
}

static struct pool_need need_of(const struct stage_plan *plan, const struct box_spec *spec,
                                const struct box_program *program)
{
    return (struct pool_need){
        .spec = spec,
        .program = program,
        .wait = plan->wait,
        .language = plan->job->runtime->language,
        .unhurried = plan->unhurried,
    };
}

static bool stage_take_spare(struct stage *s, const struct sandbox *sandbox,
                             const struct stage_plan *plan, const struct box_spec *spec,
                             const struct box_events *events)
{
    struct box_program program = program_of(s, sandbox, plan);
    const struct pool_need need = need_of(plan, spec, &program);
    struct pool_spare spare;
    if (!plan->pool || !pool_take(plan->pool, &need, &spare)) {
        return false;
    }
    box_claim(spare.box, events);
    s->box = spare.box;
    s->spare = spare.kind;
    memcpy(s->files, spare.files, sizeof(s->files));
    return true;
}

void stage_expect(const struct sandbox *sandbox, const struct stage_plan *plan)
{
    const struct stage none = {.files = {-1, -1, -1}};
    const struct box_spec spec = spec_of(plan);
    const struct box_program program = program_of(&none, sandbox, plan);
    const struct pool_need need = need_of(plan, &spec, &program);
    pool_expect(plan->pool, &need);
}

int stage_prepare(struct stage *s, struct sandbox *sandbox, const struct stage_plan *plan,
                  struct err *e)
{
    const struct box_spec spec = spec_of(plan);
    struct box_events events = box_events;
    events.ctx = s;
    if (stage_take_spare(s, sandbox, plan, &spec, &events)) {
        return 0;
    }
    return box_new(sandbox, &spec, &events, &s->box, e);
}

int stage_start(struct stage *s, struct sandbox *sandbox, const struct stage_plan *plan,
                struct stage_result *result, const struct stage_events *events, struct err *e)
{
    s->limits = plan->limits;
    s->keep_output = plan->keep_output;
    s->repair[0].exact = s->repair[1].exact = plan->exact_output;
    s->on_output_limit = plan->on_output_limit;
    s->result = result;
    s->events = *events;
    s->started = true;
    s->output[0].max = s->output[1].max =
        weaken_limit(plan->weaken, WEAKEN_OUTPUT, plan->limits->output_bytes);
    int r = s->box ? 0 : stage_prepare(s, sandbox, plan, e);
    if (r == 0 && plan->stdio == JOB_STDIO_FILE) {
        r = stage_get_files(s, plan, e);
    }
    if (r == 0) {
        char whole[] = ".";
        char *const collect[] = {whole, NULL};
        struct box_program program = program_of(s, sandbox, plan);
        program.collect = plan->collect ? collect : plan->collect_some;
        program.collect_some = !plan->collect;
        r = box_start(s->box, &program, e);
    }
    if (r < 0) {
        stage_end(s);
    }
    return r;
}

struct box *stage_end_without_box(struct stage *s)
{
    struct box *box = s->box;
    for (size_t i = 0; i < 3; i++) {
        fd_close(s->files[i]);
    }
    stage_init(s);
    return box;
}

void stage_end(struct stage *s)
{
    box_free(stage_end_without_box(s));
}

bool stage_is_built(const struct stage *s)
{
    return s->box && box_is_built(s->box);
}

const char *stage_spare_name(const struct stage *s)
{
    return s->spare == 0 ? "none" : box_is_warm(s->box) ? "warm" : "plain";
}

void stage_cancel(struct stage *s)
{
    s->muted = true;
    if (s->box) {
        box_kill(s->box, BOX_KILL_CANCEL);
        box_resume(s->box, BOX_STDOUT);
        box_resume(s->box, BOX_STDERR);
    }
}

void stage_resume(struct stage *s, enum engine_stream stream)
{
    if (s->box) {
        box_resume(s->box, stream == STREAM_STDERR ? BOX_STDERR : BOX_STDOUT);
    }
}
