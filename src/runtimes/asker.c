/* SPDX-License-Identifier: Apache-2.0 */
#include "runtimes/asker.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "recipes/recipe.h"
#include "runtimes/offers.h"
#include "runtimes/version_ask.h"
#include "sandbox/sandbox.h"

#define AT_ONCE  4
#define ATTEMPTS 3

struct asker {
    struct loop *loop;
    struct sandbox *sandbox; /* NULL: boxd is away */
    const struct log *log;
    asker_fn *fn;
    void *ctx;
    struct list waiting, asked;
    unsigned asked_count;
    struct loop_defer pump;
};

static void pump(void *ctx);

static void pump_soon(struct asker *a)
{
    loop_defer(a->loop, &a->pump, pump, a);
}

struct asker *asker_new(struct loop *loop, const struct log *log, asker_fn *fn, void *ctx)
{
    struct asker *a = xcalloc(1, sizeof(*a));
    *a = (struct asker){.loop = loop, .log = log, .fn = fn, .ctx = ctx};
    list_init(&a->waiting);
    list_init(&a->asked);
    return a;
}

bool asker_is_idle(const struct asker *a)
{
    return list_empty(&a->waiting) && list_empty(&a->asked);
}

/* Takes the tool out of whichever list it is in. */
static void release(struct asker *a, struct tool *tool)
{
    if (tool->ask != NULL) {
        version_ask_free(tool->ask);
        tool->ask = NULL;
        a->asked_count--;
    }
    list_remove(&tool->queue);
}

void asker_forget(struct asker *a, struct tool *tool)
{
    if (tool->state == TOOL_QUEUED) {
        release(a, tool);
        tool->state = TOOL_UNKNOWN;
        pump_soon(a);
    }
}

void asker_ask(struct asker *a, struct tool *tool)
{
    tool->state = TOOL_QUEUED;
    tool->attempts = 0;
    tool->asker = a;
    list_append(&a->waiting, &tool->queue);
    pump_soon(a);
}

static void settle(struct asker *a, struct tool *tool, const struct semver *version,
                   const char *why)
{
    release(a, tool);
    if (version == NULL) {
        tool->state = TOOL_FAILED;
        tool->failed_ns = loop_now_ns(a->loop);
        LOG_WARN(a->log, "language not offered", log_s("language", tool->recipe->language),
                 log_s("tool", tool->file.path), log_s("reason", why));
    }
    a->fn(a->ctx, tool, version);
    pump_soon(a);
}

static void on_answer(void *ctx, enum version_answer answer, const struct semver *version,
                      const char *why)
{
    struct tool *tool = ctx;
    struct asker *a = tool->asker;
    if (answer == VERSION_LOST && ++tool->attempts < ATTEMPTS) {
        release(a, tool);
        list_append(&a->waiting, &tool->queue);
        pump_soon(a);
        return;
    }
    settle(a, tool, answer == VERSION_KNOWN ? version : NULL, why);
}

/* False when there is no box for it now: sandbox or set_sandbox will say when. */
static bool start(struct asker *a, struct tool *tool)
{
    struct err e;
    int r = version_ask_start(a->sandbox, tool->recipe, tool->file.path, on_answer, tool,
                              &tool->ask, &e);
    if (r == -ERR_BUSY || r == -ERR_GONE) {
        return false;
    }
    if (r < 0) {
        settle(a, tool, NULL, e.text);
        return true;
    }
    list_remove(&tool->queue);
    list_append(&a->asked, &tool->queue);
    a->asked_count++;
    return true;
}

static void pump(void *ctx)
{
    struct asker *a = ctx;
    while (a->sandbox != NULL && a->asked_count < AT_ONCE && !list_empty(&a->waiting)) {
        if (!start(a, LIST_ITEM(a->waiting.next, struct tool, queue))) {
            return;
        }
    }
}

static void on_room(void *ctx)
{
    struct asker *a = ctx;
    pump_soon(a);
}

static void on_lost(void *ctx)
{
    struct asker *a = ctx;
    a->sandbox = NULL; /* its owner may free it now */
}

/* Those that are being asked go back to the head of the queue. */
static void take_back(struct asker *a)
{
    while (!list_empty(&a->asked)) {
        struct tool *tool = LIST_ITEM(a->asked.prev, struct tool, queue);
        release(a, tool);
        list_prepend(&a->waiting, &tool->queue);
    }
}

void asker_set_sandbox(struct asker *a, struct sandbox *sandbox)
{
    if (sandbox == a->sandbox) {
        return;
    }
    take_back(a);
    if (a->sandbox != NULL) {
        sandbox_forget(a->sandbox, a);
    }
    a->sandbox = sandbox;
    if (sandbox != NULL) {
        sandbox_on_lost(sandbox, on_lost, on_room, a);
        pump_soon(a);
    }
}

void asker_free(struct asker *a)
{
    if (a == NULL) {
        return;
    }
    asker_set_sandbox(a, NULL);
    while (!list_empty(&a->waiting)) {
        struct tool *tool = LIST_ITEM(a->waiting.next, struct tool, queue);
        release(a, tool);
        tool->state = TOOL_UNKNOWN;
    }
    loop_defer_cancel(&a->pump);
    free(a);
}
