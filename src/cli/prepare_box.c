/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prepare_box.h"

#include <string.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/utf8.h"
#include "boxproto/boxarchive.h"
#include "cli/local.h"
#include "config/config.h"
#include "runtimes/preparation.h"
#include "runtimes/preparations.h"
#include "sandbox/launch.h"
#include "sandbox/sandbox.h"

#define WALL_NS      (UINT64_C(15) * 60 * NS_PER_S)
#define CPU_NS       (UINT64_C(30) * 60 * NS_PER_S)
#define MEMORY_BYTES (UINT64_C(3) << 30)
#define DISK_BYTES   (UINT64_C(2) << 30)
#define DISK_INODES  100000
#define PROCESSES    512
#define OPEN_FILES   4096
#define SAID_MAX     4096
#define QUOTE_MAX    120 /* of what it said, in an error */

#define REQUIRE_NOTHING 3 /* of the words of sandbox.require */

static const char *const environment[] = {
    "HOME=/tmp", "LANG=C.UTF-8",
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL};

struct attempt {
    struct local *local;
    struct box *box;
    struct buf said, files;
    char **env;
    struct prepare_product *product;
    int result;
    bool over, hopeless;
    struct err *e;
};

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void prepare_box_limits(struct config *config)
{
    config->compile_memory_bytes = most(config->compile_memory_bytes, MEMORY_BYTES);
    config->disk_bytes = most(config->disk_bytes, DISK_BYTES);
    config->disk_inodes = most(config->disk_inodes, DISK_INODES);
    config->processes = most(config->processes, PROCESSES);
    config->require = REQUIRE_NOTHING; /* nothing foreign runs */
}

/* --- what the box says --------------------------------------------------------------------- */

static bool on_output(void *ctx, enum box_stream stream, const char *data, size_t len)
{
    struct attempt *a = ctx;
    (void)stream;
    size_t room = SAID_MAX - a->said.len;
    buf_add(&a->said, data, len < room ? len : room);
    return true;
}

static int bad_end(struct attempt *a, const struct box_ended *ended)
{
    AUTO(buf_done) struct buf quote = {0};
    size_t len = a->said.len < QUOTE_MAX ? a->said.len : QUOTE_MAX;
    a->hopeless = true;
    if (ended->end != BOX_END_EXIT) {
        return err_set(a->e, ERR_LIMIT, "its command was stopped by a limit (%u)", ended->end);
    }
    utf8_repair(a->said.data, len, &quote);
    int status = ended->wait_status;
    return err_set(a->e, ERR_INVALID, "its command ended with %s %d: %s",
                   WIFSIGNALED(status) ? "signal" : "status",
                   WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
                   quote.len ? quote.data : "it said nothing");
}

static int end_judge(struct attempt *a, const struct box_report *report)
{
    if (report->failure.kind) {
        *a->e = report->failure;
        return -(int)report->failure.kind;
    }
    if (report->ended.end == BOX_END_LOST) {
        return err_set(a->e, ERR_GONE, "its box was lost");
    }
    bool well = report->ended.end == BOX_END_EXIT && WIFEXITED(report->ended.wait_status) &&
                WEXITSTATUS(report->ended.wait_status) == 0;
    return well ? 0 : bad_end(a, &report->ended);
}

static void on_ended(void *ctx, struct box_report *report)
{
    struct attempt *a = ctx;
    a->result = end_judge(a, report);
    a->over = true;
    if (a->result == 0) {
        *a->product = (struct prepare_product){report->product_fd, report->product_size};
    } else {
        fd_close(report->product_fd);
    }
    loop_stop(a->local->loop);
}

static void on_stopped(void *ctx, int signo)
{
    const struct attempt *a = ctx;
    (void)signo; /* local keeps it */
    loop_stop(a->local->loop);
}

/* --- the box ------------------------------------------------------------------------------- */

static int open_box(struct attempt *a, struct err *e)
{
    uint32_t layers[BOX_LAYERS_MAX];
    struct box_spec spec = {
        .layers = layers,
        .layer_count = launch_host_layers(layers),
        .class = BOX_CLASS_BATCH,
        .maxima = {.memory_bytes = MEMORY_BYTES,
                   .disk_bytes = DISK_BYTES,
                   .disk_inodes = DISK_INODES,
                   .processes = PROCESSES},
    };
    layers[spec.layer_count++] = LAYER_PREPARED; /* for what is built on another preparation */
    struct box_events events = {.output = on_output, .ended = on_ended, .ctx = a};
    return box_new(a->local->sandbox, &spec, &events, &a->box, e);
}

static int files_put(struct attempt *a, const struct preparation *p, struct err *e)
{
    int r = 0;
    for (const char *const *f = p->files; r == 0 && f != NULL && *f != NULL; f += 2) {
        r = boxarchive_add(&a->files, BOXARCHIVE_FILE, 0644, f[0], f[1], strlen(f[1]), e);
    }
    return r;
}

static void environment_put(struct attempt *a, const struct preparation *p)
{
    for (const char *const *v = environment; *v != NULL; v++) {
        strv_add(&a->env, *v);
    }
    for (const char *const *v = p->env; v != NULL && *v != NULL; v++) {
        strv_add(&a->env, *v);
    }
}

static int start_command(struct attempt *a, const struct preparation_wanted *wanted, struct err *e)
{
    char product[] = PREPARED_PRODUCT;
    char *const collect[] = {product, NULL};
    struct box_program program = {
        .argv = wanted->argv,
        .env = a->env,
        .collect = collect,
        .collect_bytes = DISK_BYTES,
        .archive = a->files.data,
        .archive_size = a->files.len,
        .archive_fd = -1,
        .stdio = BOX_STDIO_PIPE,
        .stdio_fds = {-1, -1, -1},
        .wall_ns = WALL_NS,
        .cpu_ns = CPU_NS,
        .open_files = OPEN_FILES,
        .processes = PROCESSES,
    };
    int r = box_start(a->box, &program, e);
    if (r == 0) {
        box_stdin_end(a->box);
    }
    return r;
}

static void attempt_done(struct attempt *a)
{
    if (a->box) {
        box_free(a->box);
    }
    buf_done(&a->said);
    buf_done(&a->files);
    strv_free(a->env);
}

static int attempt_run(struct attempt *a, const struct preparation_wanted *wanted, struct err *e)
{
    environment_put(a, wanted->preparation);
    int r = files_put(a, wanted->preparation, e);
    r = r < 0 ? r : open_box(a, e);
    r = r < 0 ? r : start_command(a, wanted, e);
    r = r < 0 ? r : loop_run(a->local->loop, e);
    if (r == 0 && !a->over) {
        return err_set(e, ERR_GONE, a->local->signo ? "stopped" : "belljar-boxd has ended");
    }
    return r < 0 ? r : a->result;
}

int prepare_box(struct local *local, const struct preparation_wanted *wanted,
                struct prepare_product *ret, bool *ret_hopeless, struct err *e)
{
    AUTO(attempt_done) struct attempt a = {.local = local, .product = ret, .e = e};
    local->stopped = on_stopped;
    /* cppcheck-suppress autoVariables ; nobody is told after this call */
    local->stopped_ctx = &a;
    int r = attempt_run(&a, wanted, e);
    local->stopped = NULL;
    *ret_hopeless = a.hopeless;
    return r;
}
