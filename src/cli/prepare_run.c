/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prepare_run.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/local.h"
#include "cli/prepare_box.h"
#include "cli/prepare_store.h"
#include "cli/prepared_dir.h"
#include "config/config.h"
#include "runtimes/host_view.h"
#include "runtimes/preparation.h"
#include "runtimes/preparations.h"

/* One at a time; that of the one before may not have gone yet. */
#define BOXES 4
#define NICE  19

struct run {
    const struct owned_dir *dir;
    const struct prepare_observer *observer;
    struct local *local;
    bool again;
};

static bool is_due(const struct run *run, const struct preparation_wanted *w)
{
    return !preparation_is_made(run->dir->fd, w->key) &&
           (run->again || !prepare_is_failed(run->dir->fd, w->key));
}

static bool is_any_due(const struct run *run, const struct preparations *wanted)
{
    for (size_t i = 0; i < wanted->count; i++) {
        if (is_due(run, &wanted->all[i])) {
            return true;
        }
    }
    return false;
}

static int make(const struct run *run, const struct preparation_wanted *w, bool *ret_hopeless,
                struct err *e)
{
    struct prepare_product product = {.fd = -1};
    int r = prepare_box(run->local, w, &product, ret_hopeless, e);
    AUTO(fd_closep) int fd = product.fd;
    return r < 0 ? r : prepare_keep(run->dir->fd, w->key, fd, product.size, e);
}

static void failed(const struct run *run, const struct preparation_wanted *w, bool hopeless,
                   const struct err *why)
{
    const struct prepare_observer *o = run->observer;
    struct err ignored; /* then it is tried again: a pity, and no more */
    if (hopeless) {
        (void)prepare_mark_failed(run->dir->fd, w->key, why->text, &ignored);
    }
    if (o->failed) {
        o->failed(o->ctx, w, why);
    }
}

/* -ERR_GONE: nothing more can be made. */
static int make_and_tell(const struct run *run, const struct preparation_wanted *w, struct err *e)
{
    const struct prepare_observer *o = run->observer;
    uint64_t started = clock_mono_ns(&clock_system);
    bool hopeless = false;
    if (o->begin) {
        o->begin(o->ctx, w);
    }
    int r = make(run, w, &hopeless, e);
    if (r == -ERR_GONE) {
        return r;
    }
    if (r < 0) {
        failed(run, w, hopeless, e);
        return 0;
    }
    if (o->made) {
        o->made(o->ctx, w, prepare_bytes(run->dir->fd, w->key),
                clock_mono_ns(&clock_system) - started);
    }
    return 0;
}

static int make_all(struct run *run, struct config *config, const struct preparations *wanted,
                    struct err *e)
{
    prepare_box_limits(config);
    AUTO(local_stopp) struct local *local = NULL;
    int r = local_start(config, BOXES, &local, e);
    run->local = local;
    for (size_t i = 0; r == 0 && i < wanted->count; i++) {
        if (is_due(run, &wanted->all[i])) {
            r = make_and_tell(run, &wanted->all[i], e);
        }
    }
    return r;
}

static int locked_run(struct run *run, struct config *config, char *const *names, struct err *e)
{
    AUTO(preparations_done) struct preparations wanted = {0};
    preparations_find(&host_view_system, &wanted);
    int r = prepare_prune(run->dir->fd, &wanted, e);
    r = r < 0 ? r : preparations_choose(&wanted, names, e);
    return r < 0 || !is_any_due(run, &wanted) ? r : make_all(run, config, &wanted, e);
}

int prepare_run(struct config *config, const struct owned_dir *dir, char *const *names, bool again,
                const struct prepare_observer *observer, struct err *e)
{
    struct run run = {.dir = dir, .observer = observer, .again = again};
    AUTO(fd_closep) int lock = -1;
    int r = prepare_lock(dir->fd, again, &lock, e);
    if (r < 0) {
        return r;
    }
    (void)umask(022); /* boxes read it as strangers */
    return locked_run(&run, config, names, e);
}

/* --- in the background ---------------------------------------------------------------------- */

static void log_made(void *ctx, const struct preparation_wanted *w, uint64_t bytes, uint64_t ns)
{
    LOG_INFO((const struct log *)ctx, "prepared", log_s("what", w->key),
             log_i("bytes", (int64_t)bytes), log_i("ms", (int64_t)(ns / NS_PER_MS)));
}

static void log_failed(void *ctx, const struct preparation_wanted *w, const struct err *why)
{
    LOG_WARN((const struct log *)ctx, "cannot be prepared; the tool works without",
             log_s("what", w->key), log_s("why", why->text));
}

/* Boxes inherit it: whatever else wants the processor has it. */
static void step_behind(void)
{
    const struct sched_param none = {0};
    (void)setpriority(PRIO_PROCESS, 0, NICE);
    (void)sched_setscheduler(0, SCHED_IDLE, &none);
}

int prepare_in_background(const struct config *config, const struct owned_dir *dir,
                          const struct log *log)
{
    struct log own = *log;
    struct config changed = *config; /* shares what it points to; nobody frees it here */
    const struct prepare_observer observer = {.made = log_made, .failed = log_failed, .ctx = &own};
    struct err e;
    step_behind();
    int r = prepare_run(&changed, dir, NULL, false, &observer, &e);
    if (r < 0 && r != -ERR_BUSY && r != -ERR_GONE) {
        LOG_WARN(log, "compilers are not prepared", log_s("why", e.text));
    }
    return r < 0 && r != -ERR_BUSY ? CLI_FAILED : CLI_OK;
}
