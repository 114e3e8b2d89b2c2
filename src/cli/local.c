/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/local.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "boxproto/weaken.h"
#include "cli/host.h"
#include "cli/packages_dir.h"
#include "config/config.h"
#include "engine/engine.h"
#include "runtimes/runtimes.h"
#include "sandbox/doctor.h"
#include "sandbox/launch.h"
#include "sandbox/orphans.h"
#include "sandbox/sandbox.h"

#define ORPHANS_END_NS (5 * NS_PER_S)

static const int end_signals[] = {SIGINT, SIGTERM, SIGHUP};

static void local_end(struct local *l, int signo)
{
    l->signo = signo;
    if (l->stopped) {
        l->stopped(l->stopped_ctx, signo);
    }
}

static void local_on_signal(void *ctx, int signo)
{
    local_end(ctx, signo);
}

static void local_on_lost(void *ctx)
{
    local_end(ctx, 0);
}

/* Before boxd is started, so that an early Ctrl-C finds somebody who cleans up. */
static int loop_start(struct local *l, struct err *e)
{
    int r = orphans_adopt(e);
    if (r == 0) {
        r = loop_new(&l->loop, e);
    }
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(end_signals); i++) {
        r = loop_signal_add(l->loop, end_signals[i], local_on_signal, l, e);
    }
    return r;
}

static int sandbox_start(struct local *l, const struct config *c, unsigned boxes, struct err *e)
{
    struct launch_config launch;
    int sock = -1;
    host_launch_config(c, &l->log, &launch);
    launch.boxes = boxes;
    prepared_dir_open_or_none(c, "belljar", &l->prepared);
    launch.prepared = l->prepared.path;
    packages_dir_open_or_none(c, "belljar", false, &l->packages);
    launch.packages = l->packages.path;
    int r = host_enter(&launch, e);
    if (r == 0) {
        r = instance_claim(&launch, &l->instance, e);
    }
    if (r == 0) {
        r = boxd_spawn(&launch, l->instance, &l->boxd_pid, &sock, e);
    }
    if (r == 0) {
        r = sandbox_new(l->loop, sock, &l->log, &l->sandbox, e);
    }
    if (r == 0) {
        sandbox_on_lost(l->sandbox, local_on_lost, NULL, l);
        const struct box_boxd_hello *hello = sandbox_hello(l->sandbox);
        l->features = hello->features;
        r = doctor_require(hello, host_require(c, hello), e);
    }
    return r;
}

/* Where the versions of tools are remembered: in the data directory, else in the user's cache;
 * NULL: nowhere. */
static char *cache_path(const struct config *c)
{
    const char *home = secure_getenv("HOME"), *cache = secure_getenv("XDG_CACHE_HOME");
    if (c->data[0]) {
        return xasprintf("%s/versions", c->data);
    }
    if (!(cache && cache[0] == '/') && !(home && home[0] == '/')) {
        return NULL;
    }
    AUTO(mem_freep)
    char *parent = cache && cache[0] == '/' ? xstrdup(cache) : xasprintf("%s/.cache", home);
    AUTO(mem_freep) char *folder = xasprintf("%s/belljar", parent);
    (void)mkdir(parent, 0700);
    if (mkdir(folder, 0700) < 0 && errno != EEXIST) {
        return NULL; /* a cache is a convenience: without one the tools are asked again */
    }
    return xasprintf("%s/versions", folder);
}

int local_start(const struct config *c, unsigned boxes, struct local **ret, struct err *e)
{
    AUTO(local_stopp) struct local *l = xcalloc(1, sizeof(*l));
    l->log = host_log(c, "belljar");
    l->prepared.fd = l->packages.fd = -1;
    if (config_source(c, &c->log_level) == CONFIG_DEFAULT) {
        /* Who runs one program wants to see that program; what is weaker here is said by the
         * command. */
        l->log.level = LOG_LEVEL_ERROR;
    }
    l->cache = cache_path(c);
    uint64_t weaken = 0;
    int r = weaken_asked(&weaken, e);
    r = r < 0 ? r : loop_start(l, e);
    if (r == 0) {
        r = sandbox_start(l, c, boxes, e);
    }
    if (r < 0) {
        return r;
    }
    const struct engine_config engine = {
        .slots = boxes,
        .sessions = boxes,
        .queue_max = boxes,
        .queue_bytes = UINT64_MAX,
        .cpu_milli = config_cpu_milli(c),
        .product_max = c->product_max,
        .weaken = weaken,
    };
    l->runtimes =
        runtimes_new(l->loop, l->sandbox, l->cache, l->prepared.fd, l->packages.fd, &l->log);
    l->engine = engine_new(l->loop, l->sandbox, &engine, &l->log);
    *ret = TAKE(&l, NULL);
    return 0;
}

void local_stop(struct local *l)
{
    if (!l) {
        return;
    }
    l->stopped = NULL;
    if (l->engine) {
        engine_free(l->engine);
    }
    if (l->runtimes) {
        runtimes_free(l->runtimes);
    }
    sandbox_free(l->sandbox);
    /* boxd ends when its socket does, and its helpers with it; then its cgroups can be removed. */
    if (l->boxd_pid > 0) {
        orphans_end(ORPHANS_END_NS, &l->log);
    }
    instance_release(l->instance);
    loop_free(l->loop);
    owned_dir_done(&l->prepared);
    owned_dir_done(&l->packages);
    free(l->cache);
    free(l);
}

void local_stopp(struct local **l)
{
    local_stop(*l);
    *l = NULL;
}
