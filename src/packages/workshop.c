/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "config/config.h"
#include "packages/workshop_impl.h"
#include "sandbox/doctor.h"
#include "sandbox/launch.h"
#include "sandbox/orphans.h"

#define MEMORY_MAX    (UINT64_C(4) << 30)
#define DISK_MAX      (UINT64_C(4) << 30)
#define INODES_MAX    1000000
#define PROCESSES_MAX 1024
#define BOXES         4 /* one at a time; that of the one before may not have gone yet */
#define ORPHANS_NS    (5 * NS_PER_S)

static const int end_signals[] = {SIGINT, SIGTERM, SIGHUP};

static void on_signal(void *ctx, int signo)
{
    struct workshop *w = ctx;
    w->signo = signo;
}

/* --- boxd ------------------------------------------------------------------------------------ */

static void launch_of(const struct workshop *w, const char *stage_path, struct launch_config *ret)
{
    /* config->cgroup counts the words of options.def. */
    static const enum cgroup_choice cgroups[] = {CGROUP_AUTO, CGROUP_ONLY_V2, CGROUP_ONLY_V1,
                                                 CGROUP_NONE};
    *ret = (struct launch_config){
        .cgroup = cgroups[w->config->cgroup],
        .cgroup_parent = w->config->cgroup_parent,
        .boxes = stage_path ? 1 : BOXES,
        .uid_base = (uint32_t)w->config->uid_base,
        .memory_max = MEMORY_MAX,
        .disk_max = DISK_MAX,
        .inodes_max = INODES_MAX,
        .processes_max = PROCESSES_MAX,
        .boxd_path = w->config->box_daemon,
        .packages = w->packages_path,
        .stage = stage_path,
        .log = &w->log,
    };
}

static void boxd_stop(struct workshop *w)
{
    sandbox_free(TAKE(&w->sandbox, NULL));
    if (w->boxd_pid > 0) {
        orphans_end(ORPHANS_NS, &w->log);
        w->boxd_pid = 0;
    }
    instance_release(TAKE(&w->instance, NULL));
    free(TAKE(&w->stage_path, NULL));
}

/* What runs here are Debian's scripts: as root they get the whole of what belljar has. */
static enum sandbox_require require_of(const struct workshop *w)
{
    static const enum sandbox_require requires[] = {REQUIRE_NONE, REQUIRE_FULL, REQUIRE_LIMITS,
                                                    REQUIRE_NONE};
    const struct box_boxd_hello *hello = sandbox_hello(w->sandbox);
    bool automatic = w->config->require == 0;
    return automatic && (hello->features & BOX_FEATURE_ROOT) ? REQUIRE_FULL
                                                             : requires[w->config->require];
}

static int boxd_start(struct workshop *w, const char *stage_path, struct err *e)
{
    struct launch_config launch;
    int sock = -1;
    launch_of(w, stage_path, &launch);
    int r = instance_claim(&launch, &w->instance, e);
    r = r < 0 ? r : boxd_spawn(&launch, w->instance, &w->boxd_pid, &sock, e);
    r = r < 0 ? r : sandbox_new(w->loop, sock, &w->log, &w->sandbox, e);
    r = r < 0 ? r : doctor_require(sandbox_hello(w->sandbox), require_of(w), e);
    if (r < 0) {
        boxd_stop(w);
        return r;
    }
    w->stage_path = xstrdup(stage_path);
    return 0;
}

int workshop_boxd(struct workshop *w, const char *stage_path, struct err *e)
{
    bool same = w->sandbox && !sandbox_is_lost(w->sandbox) &&
                (stage_path ? w->stage_path && strcmp(w->stage_path, stage_path) == 0
                            : w->stage_path == NULL);
    if (w->signo) {
        return err_set(e, ERR_GONE, "stopped");
    }
    if (same) {
        return 0;
    }
    boxd_stop(w);
    return boxd_start(w, stage_path, e);
}

/* --- open ------------------------------------------------------------------------------------- */

static int loop_start(struct workshop *w, struct err *e)
{
    int r = orphans_adopt(e);
    r = r < 0 ? r : loop_new(&w->loop, e);
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(end_signals); i++) {
        r = loop_signal_add(w->loop, end_signals[i], on_signal, w, e);
    }
    return r;
}

static int path_of(int fd, char **ret, struct err *e)
{
    char link[32], path[PATH_MAX];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof(path) - 1);
    if (len <= 0) {
        return err_sys(e, "readlink '%s'", link);
    }
    *ret = xstrndup(path, (size_t)len);
    return 0;
}

int workshop_open(const struct config *config, int packages_fd, struct workshop **ret,
                  struct err *e)
{
    AUTO(workshop_closep) struct workshop *w = xcalloc(1, sizeof(*w));
    w->config = config;
    w->log = (struct log){.fd = STDERR_FILENO,
                          .level = LOG_LEVEL_ERROR,
                          .format = (enum log_format)config->log_format,
                          .process = "belljar"};
    int r = path_of(packages_fd, &w->packages_path, e);
    r = r < 0 ? r : loop_start(w, e);
    if (r == 0) {
        struct launch_config launch;
        launch_of(w, NULL, &launch);
        r = host_enter(&launch, e);
    }
    if (r < 0) {
        return r;
    }
    *ret = TAKE(&w, NULL);
    return 0;
}

void workshop_close(struct workshop *w)
{
    if (!w) {
        return;
    }
    boxd_stop(w);
    loop_free(w->loop);
    free(w->packages_path);
    free(w);
}

void workshop_closep(struct workshop **w)
{
    workshop_close(*w);
    *w = NULL;
}
