/* SPDX-License-Identifier: Apache-2.0 */
#include "runtimes/version_ask.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/utf8.h"
#include "model/result.h"
#include "model/semver.h"
#include "model/version_text.h"
#include "recipes/recipe.h"
#include "sandbox/launch.h"
#include "sandbox/sandbox.h"

#define ANSWER_MAX   8192
#define QUOTE_MAX    120 /* of the answer, in the log */
#define WALL_NS      (30 * NS_PER_S)
#define MEMORY_BYTES (UINT64_C(1) << 30)
#define DISK_BYTES   (UINT64_C(64) << 20)
#define DISK_INODES  2000
#define PROCESSES    256
#define OPEN_FILES   1024

static const char *const environment[] = {"HOME=/tmp", "LANG=C.UTF-8",
                                          "PATH=/usr/local/bin:/usr/bin:/bin", NULL};

struct version_ask {
    struct box *box;
    const struct recipe *recipe;
    version_ask_fn *fn;
    void *ctx;
    struct buf text; /* both streams: tools do not agree on one */
};

static bool on_output(void *ctx, enum box_stream stream, const char *data, size_t len)
{
    struct version_ask *a = ctx;
    (void)stream;
    size_t room = ANSWER_MAX - a->text.len;
    buf_add(&a->text, data, len < room ? len : room);
    if (len > room) {
        box_kill(a->box, BOX_KILL_OUTPUT);
    }
    return true;
}

static char *quoted_answer(const struct version_ask *a)
{
    size_t len = a->text.len < QUOTE_MAX ? a->text.len : QUOTE_MAX;
    struct buf clean = {0};
    if (len == 0) {
        buf_add_str(&clean, "nothing");
    } else {
        buf_add_str(&clean, "'");
        utf8_repair(a->text.data, len, &clean);
        buf_add_str(&clean, "'");
    }
    return buf_take(&clean);
}

/* NULL when it ended well. */
static char *why_it_ended_badly(const struct version_ask *a, const struct box_ended *ended)
{
    if (ended->end != BOX_END_EXIT) {
        return xasprintf("it was stopped: a limit of time, memory or output (%u)", ended->end);
    }
    AUTO(mem_freep) char *said = quoted_answer(a);
    if (WIFSIGNALED(ended->wait_status)) {
        const char *name = signal_name(WTERMSIG(ended->wait_status));
        return xasprintf("it died of %s and said %s", name != NULL ? name : "a signal", said);
    }
    if (WEXITSTATUS(ended->wait_status) != 0) {
        return xasprintf("it exited with status %d and said %s", WEXITSTATUS(ended->wait_status),
                         said);
    }
    return NULL;
}

static void answer(struct version_ask *a, const struct box_ended *ended)
{
    AUTO(mem_freep) char *why = why_it_ended_badly(a, ended);
    if (why != NULL) {
        a->fn(a->ctx, VERSION_FAILED, NULL, why);
        return;
    }
    struct semver version;
    buf_add(&a->text, "", 0);
    if (!version_text_find(a->text.data, a->recipe->ask_after, &version)) {
        why = quoted_answer(a);
        a->fn(a->ctx, VERSION_FAILED, NULL, why);
        return;
    }
    a->fn(a->ctx, VERSION_KNOWN, &version, NULL);
}

static void on_ended(void *ctx, struct box_report *report)
{
    struct version_ask *a = ctx;
    fd_close(report->product_fd);

    if (report->failure.kind != 0) {
        /* fn may free the box, and the report with it. */
        struct err failure = report->failure;
        a->fn(a->ctx, failure.kind == ERR_GONE ? VERSION_LOST : VERSION_FAILED, NULL, failure.text);
    } else if (report->ended.end == BOX_END_LOST) {
        a->fn(a->ctx, VERSION_LOST, NULL, "its box was lost");
    } else {
        answer(a, &report->ended);
    }
}

static int open_box(struct version_ask *a, struct sandbox *sandbox, struct err *e)
{
    uint32_t layers[BOX_LAYERS_MAX];
    struct box_spec spec = {
        .layers = layers,
        .layer_count = launch_host_layers(layers),
        .class = BOX_CLASS_INTERACTIVE,
        .maxima = {.memory_bytes = MEMORY_BYTES,
                   .disk_bytes = DISK_BYTES,
                   .disk_inodes = DISK_INODES,
                   .processes = PROCESSES},
    };
    struct box_events events = {.output = on_output, .ended = on_ended, .ctx = a};
    return box_new(sandbox, &spec, &events, &a->box, e);
}

static int start_tool(struct version_ask *a, const char *path, struct err *e)
{
    AUTO(strv_freep) char **argv = NULL;
    AUTO(strv_freep) char **env = NULL;
    strv_add(&argv, path);
    for (char *const *arg = a->recipe->ask; *arg != NULL; arg++) {
        strv_add(&argv, *arg);
    }
    for (const char *const *variable = environment; *variable != NULL; variable++) {
        strv_add(&env, *variable);
    }
    struct box_program program = {
        .argv = argv,
        .env = env,
        .archive_fd = -1,
        .stdio = BOX_STDIO_PIPE,
        .stdio_fds = {-1, -1, -1},
        .wall_ns = WALL_NS,
        .cpu_ns = WALL_NS,
        .open_files = OPEN_FILES,
        .processes = PROCESSES,
    };
    int r = box_start(a->box, &program, e);
    if (r == 0 && a->recipe->ask_input != NULL) {
        box_stdin(a->box, a->recipe->ask_input, strlen(a->recipe->ask_input));
    }
    if (r == 0) {
        box_stdin_end(a->box);
    }
    return r;
}

int version_ask_start(struct sandbox *sandbox, const struct recipe *recipe, const char *path,
                      version_ask_fn *fn, void *ctx, struct version_ask **ret, struct err *e)
{
    struct version_ask *a = xcalloc(1, sizeof(*a));
    a->recipe = recipe;
    a->fn = fn;
    a->ctx = ctx;
    int r = open_box(a, sandbox, e);
    if (r == 0) {
        r = start_tool(a, path, e);
    }
    if (r < 0) {
        version_ask_free(a);
        return r;
    }
    *ret = a;
    return 0;
}

void version_ask_free(struct version_ask *a)
{
    if (a == NULL) {
        return;
    }
    if (a->box != NULL) {
        box_free(a->box);
    }
    buf_done(&a->text);
    free(a);
}
