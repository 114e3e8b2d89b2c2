/* SPDX-License-Identifier: Apache-2.0 */
/*
 * belljar-boxd: the only privileged program.
 *
 * Started by the parent of `belljar serve`, in a mount namespace of its own, with the descriptors
 * that boxproto/boxd_config.h names and no arguments.  One thread, one loop.  It reads fixed-size
 * packets of the server and of the inits of its boxes, and files of /proc and of cgroups; it opens
 * no path inside a box.
 *
 *   server  --- requests.c: a table of what each state permits
 *   box.c, box_limits.c: the life of a box, its limits, its verdict
 *     spawn.c, rootfs.c, procfs.c, ids.c: the child that builds a box and becomes belljar-init
 *     cgroup*.c: the leaf of a box
 *     netns.c: a second process, which makes network namespaces ahead of need
 *
 * It ends, and with it every box, when the server's socket ends, on SIGTERM, and when its parent
 * dies.
 */
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "boxd/box.h"
#include "boxd/boxd.h"
#include "boxd/ids.h"
#include "boxd/mounts.h"
#include "boxd/probe.h"
#include "boxd/spawn.h"
#include "boxd/weak.h"
#include "boxproto/filter_file.h"

/* Descriptors below this are given to us, or to children, by number; ours go above. */
#define FD_FIRST 64
/* Network namespaces with a tap that lie ready. */
#define TAPS_AHEAD 2

/* --- the process: what each child inherits is set once ---------------------------------------- */

/*
 * CORE is 1, not 0: with a piped core_pattern the kernel would run the host's core helper as root
 * even for 0.
 */
static const struct {
    __rlimit_resource_t resource;
    rlim_t value;
} rlimits[] = {
    {RLIMIT_CORE, 1},   {RLIMIT_MEMLOCK, 1 << 16}, {RLIMIT_MSGQUEUE, 0},
    {RLIMIT_RTPRIO, 0}, {RLIMIT_NICE, 0},
};

static int rlimits_set(const struct boxd_config *config, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(rlimits); i++) {
        struct rlimit limit;
        if (getrlimit(rlimits[i].resource, &limit) < 0) {
            return err_sys(e, "reading resource limit %d", (int)rlimits[i].resource);
        }
        rlim_t value = rlimits[i].value < limit.rlim_max ? rlimits[i].value : limit.rlim_max;
        limit = (struct rlimit){value, value};
        if (!weak_rlimit(config->weaken, (int)rlimits[i].resource) &&
            setrlimit(rlimits[i].resource, &limit) < 0) {
            return err_sys(e, "setting resource limit %d", (int)rlimits[i].resource);
        }
    }
    return 0;
}

static int process_prepare(const struct boxd_config *config, struct err *e)
{
    setsid(); /* a terminal's Ctrl-C is the parent's to handle; fails when we have one already */
    umask(0);
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) < 0 ||
        (!weakened(config->weaken, WEAKEN_NO_NEW_PRIVS) &&
         prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)) {
        return err_sys(e, "prctl");
    }
    /* Where one id alone is mapped the kernel forbids it, and the user's groups stay. */
    if (setgroups(0, NULL) < 0 && (config->flags & BOXD_OWN_IDS) != 0) {
        return err_sys(e, "dropping the groups");
    }
    /* Each box copies these names. */
    if (!weakened(config->weaken, WEAKEN_UTSNS) &&
        (unshare(CLONE_NEWUTS) < 0 || sethostname("belljar", 7) < 0 || setdomainname("", 0) < 0)) {
        return err_sys(e, "naming the boxes' host");
    }
    /* Nothing that is executed can give one back; a box's user namespace has a set of its own. */
    int r = weak_caps_bound(config->weaken, e);
    return r < 0 ? r : rlimits_set(config, e);
}

/* --- descriptors and the catalogue ---------------------------------------------------------- */

static int fd_raise(int *fd, struct err *e)
{
    if (*fd < 0) {
        return 0;
    }
    int high = fcntl(*fd, F_DUPFD_CLOEXEC, FD_FIRST);
    if (high < 0) {
        return err_sys(e, "moving descriptor %d", *fd);
    }
    *fd = high;
    return 0;
}

/* All that we were given goes above FD_FIRST, and nothing else is left. */
static int descriptors_take(struct boxd *b, int *ret_catalogue, struct err *e)
{
    int catalogue = BOXD_FD_CATALOGUE;
    b->server = BOXD_FD_SERVER;
    b->filter = BOXD_FD_FILTER;
    b->own_filter = BOXD_FD_OWN_FILTER;
    b->maker_filter = BOXD_FD_MAKER_FILTER;
    b->egress = (b->config.flags & BOXD_EGRESS) != 0 ? BOXD_FD_EGRESS : -1;
    int *const given[] = {&b->server,       &b->filter, &b->own_filter,
                          &b->maker_filter, &b->egress, &catalogue};
    int r = filter_file_check(b->filter, e);
    for (size_t i = 0; i < ARRAY_LEN(given) && r == 0; i++) {
        r = fd_raise(given[i], e);
    }
    for (int class = 0; class < BOXD_CLASSES; class ++) {
        for (int i = 0; i < BOXD_CG_COUNT && r == 0; i++) {
            r = fd_raise(&b->config.cgroup_fds[class][i], e);
        }
    }
    if (r < 0) {
        return r;
    }
    if (close_range(STDERR_FILENO + 1, FD_FIRST - 1, 0) < 0) {
        return err_sys(e, "closing what was given by number");
    }
    *ret_catalogue = catalogue;
    return 0;
}

/* A mistake of who starts us must not take the host's mounts away. */
static int own_mounts_check(int catalogue, struct err *e)
{
    char parent[64];
    snprintf(parent, sizeof(parent), "proc/%d/ns/mnt", (int)getppid());
    struct stat ours, theirs;
    if (fstatat(catalogue, "proc/self/ns/mnt", &ours, 0) < 0) {
        return err_sys(e, "looking at the catalogue's proc");
    }
    if (fstatat(catalogue, parent, &theirs, 0) == 0 && theirs.st_ino == ours.st_ino) {
        return err_set(e, ERR_INVALID, "boxd must have a mount namespace of its own");
    }
    return 0;
}

static int place(const char *path, int number, int flags, struct err *e)
{
    AUTO(fd_closep) int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0) {
        return err_sys(e, "open '%s' of the catalogue", path);
    }
    if (fd == number) {
        TAKE(&fd, -1);
        return 0;
    }
    return dup3(fd, number, O_CLOEXEC) < 0 ? err_sys(e, "placing '%s'", path) : 0;
}

static int catalogue_enter(int catalogue, struct err *e)
{
    int r = own_mounts_check(catalogue, e);
    r = r < 0 ? r : mount_pivot(catalogue, e);
    r = r < 0 ? r : mount_restrict(catalogue, MOUNT_ATTR_RDONLY, e);
    if (r < 0) {
        return err_wrap(e, "entering the catalogue");
    }
    for (int fd = STDERR_FILENO + 1; fd < SPAWN_FD_INIT && r == 0; fd++) {
        r = place("/", fd, O_PATH, e);
    }
    r = r < 0 ? r : place("/init", SPAWN_FD_INIT, O_PATH, e);
    r = r < 0 ? r : place("/proc/sys/user", SPAWN_FD_USER_SYSCTL, O_PATH, e);
    /* A kernel without time namespaces lacks the file: the probe finds that out. */
    const char *clocks = "/proc/self/timens_offsets";
    bool there = faccessat(AT_FDCWD, clocks, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    return r < 0 ? r : place(there ? clocks : "/", SPAWN_FD_CLOCKS, there ? O_WRONLY : O_PATH, e);
}

/* --- the parts -------------------------------------------------------------------------------- */

static void on_term(void *ctx, int signo)
{
    (void)signo;
    boxd_stop(ctx, false);
}

static void on_maker_lost(void *ctx)
{
    struct boxd *b = ctx;
    LOG_ERROR(&b->log, "the netns maker ended");
    boxd_stop(b, true);
}

/* What each box needs to be made; all else is gone before the first one. */
static const struct {
    int cap;
    uint32_t with, without; /* flags of the configuration */
} caps_needed[] = {
    {CAP_SYS_ADMIN, 0, 0},         /* mounts, namespaces */
    {CAP_SYS_TIME, 0, 0},          /* its clocks */
    {CAP_SETGID, BOXD_OWN_IDS, 0}, /* its id maps: of ids that are not ours, */
    {CAP_SETUID, BOXD_OWN_IDS, 0},
    {CAP_SETFCAP, 0, BOXD_OWN_IDS}, /* or of our own */
    {CAP_CHOWN, BOXD_OWN_IDS, 0},   /* its directory */
    {CAP_KILL, BOXD_OWN_IDS, 0},
    {CAP_DAC_OVERRIDE, BOXD_STAGE, 0}, /* overlayfs, in whose name a box writes: */
    {CAP_FOWNER, BOXD_STAGE, 0},       /* to a tree that is not ours */
};

static uint64_t caps_of_boxd(const struct boxd_config *config)
{
    uint64_t caps = 0;
    for (size_t i = 0; i < ARRAY_LEN(caps_needed); i++) {
        uint32_t asked = caps_needed[i].with | caps_needed[i].without;
        bool needed = (config->flags & asked) == caps_needed[i].with;
        caps |= needed ? CAP_BIT(caps_needed[i].cap) : 0;
    }
    return weak_capabilities(config, caps);
}

/* From here on; whatever a box may do must be let through, as its processes inherit it. */
static int filter_own_load(struct boxd *b, struct err *e)
{
    char scratch[FILTER_FILE_MAX];
    int r = filter_file_load(b->own_filter, scratch, sizeof(scratch), e);
    fd_closep(&b->own_filter);
    fd_closep(&b->maker_filter);
    return r;
}

static int parts_begin(struct boxd *b, struct err *e)
{
    AUTO(fd_closep) int maker = -1;
    AUTO(fd_closep) int tap_maker = -1;
    int r = netns_maker_start(false, b->maker_filter, &maker,
                              e); /* first: it is a copy of what we are now */
    r = r < 0 || b->egress < 0 ? r : netns_maker_start(true, b->maker_filter, &tap_maker, e);
    r = r < 0 ? r : caps_set(caps_of_boxd(&b->config), 0, e);
    r = r < 0 ? r : filter_own_load(b, e);
    r = r < 0 ? r : cgroup_init(&b->cgroup, &b->config, e);
    r = r < 0 ? r : probe_features(&b->config, &b->features, e);
    r = r < 0 ? r : loop_new(&b->loop, e);
    r = r < 0 ? r : loop_signal_add(b->loop, SIGTERM, on_term, b, e);
    r = r < 0 ? r
              : netns_pool_init(&b->netns, b->loop, TAKE(&maker, -1), b->config.boxes,
                                on_maker_lost, b, e);
    r = r < 0 || b->egress < 0 ? r
                               : netns_pool_init(&b->taps, b->loop, TAKE(&tap_maker, -1),
                                                 TAPS_AHEAD, on_maker_lost, b, e);
    b->features |= b->cgroup.features;
    b->landlock_abi = probe_landlock_abi();
    b->cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
    return r;
}

static int boxd_run(struct boxd *b, struct err *e)
{
    int r = boxd_config_read(BOXD_FD_CONFIG, &b->config, e);
    if (r < 0) {
        return r;
    }
    b->log =
        (struct log){STDERR_FILENO, (enum log_level)b->config.log_level, LOG_FORMAT_LOGFMT, "boxd"};
    AUTO(fd_closep) int catalogue = -1;
    r = descriptors_take(b, &catalogue, e);
    r = r < 0 ? r : process_prepare(&b->config, e);
    r = r < 0 ? r : catalogue_enter(catalogue, e);
    r = r < 0 ? r : parts_begin(b, e);
    if (r < 0) {
        return r;
    }
    b->boxes = xcalloc(b->config.boxes, sizeof(*b->boxes));
    for (uint32_t i = 0; i < b->config.boxes; i++) {
        box_init(&b->boxes[i], b, i);
    }
    r = requests_begin(b, e);
    r = r < 0 ? r : loop_run(b->loop, e);
    loop_free(b->loop);
    free(b->boxes);
    return r;
}

int main(void)
{
    struct boxd b = {
        .server = -1, .filter = -1, .own_filter = -1, .maker_filter = -1, .egress = -1};
    struct err e;
    if (boxd_run(&b, &e) < 0) {
        b.log.fd = STDERR_FILENO;
        b.log.process = "boxd";
        LOG_ERROR(&b.log, "boxd cannot run", log_s("error", e.text));
        return EXIT_FAILURE;
    }
    return b.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
