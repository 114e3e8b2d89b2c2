/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The drivers against the kernel's cgroups: below this process's own group on v1, beside it on v2
 * (a group with processes can have none below it that has controllers).  Skipped, with the reason,
 * where such groups cannot be made; MUST_WORK=1 turns that into a failure.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/sched.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "boxd/cgroup.h"
#include "boxd/cgroup_ops.h"
#include "boxd/cgroup_read.h"

#define MIB        (UINT64_C(1) << 20)
#define HANG_GUARD 60000 /* ms: how long a broken driver may hold up the tests */

static const char *const controllers[BOXD_CG_COUNT] = {
    [BOXD_CG_MEMORY] = "memory",
    [BOXD_CG_PIDS] = "pids",
    [BOXD_CG_CPU] = "cpu",
    [BOXD_CG_CPUACCT] = "cpuacct",
};
static const char *const class_names[BOXD_CLASSES] = {"interactive", "batch"};
static const struct box_maxima maxima = {
    .memory_bytes = 64 * 1024 * 1024,
    .processes = 8,
    .cpu_milli = 1000,
};

struct fixture {
    char why[512]; /* why there are no groups; "" when there are */
    char name[32];
    int parents[BOXD_CG_COUNT]; /* where the group `name` was made; -1 */
    struct boxd_config config;
    struct cgroup cgroup;
};

/* --- groups for the tests --------------------------------------------------------------------- */

/* The path of this process's group, from the line "N:CONTROLLERS:PATH" of /proc/self/cgroup. */
static bool own_path(const char *controller, char *ret, size_t size)
{
    AUTO(buf_done) struct buf text = {0};
    struct err e;
    if (fd_read_path("/proc/self/cgroup", 65536, &text, &e) < 0) {
        return false;
    }
    char *save = NULL;
    for (char *line = strtok_r(text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *names = strchr(line, ':');
        char *path = names ? strchr(names + 1, ':') : NULL;
        if (!path) {
            continue;
        }
        *path++ = '\0';
        char listed[128], wanted[32];
        snprintf(listed, sizeof(listed), ",%s,", names + 1);
        snprintf(wanted, sizeof(wanted), ",%s,", controller);
        if (strstr(listed, wanted)) {
            snprintf(ret, size, "%s", path);
            return true;
        }
    }
    return false;
}

static bool host_is_v2(void)
{
    AUTO(buf_done) struct buf text = {0};
    struct err e;
    return fd_read_path("/sys/fs/cgroup/cgroup.controllers", 4096, &text, &e) == 0 &&
           strstr(text.data, "memory") != NULL;
}

static int why_not(struct fixture *f, const char *what, const char *where)
{
    snprintf(f->why, sizeof(f->why), "%s '%s': %s", what, where, strerror(errno));
    return -1;
}

static int group_make(struct fixture *f, int parent, const char *name, bool v2, int *ret)
{
    struct err e;
    if (mkdirat(parent, name, 0755) < 0) {
        return why_not(f, "mkdir", name);
    }
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return why_not(f, "open", name);
    }
    *ret = fd;
    if (v2 && kernel_write(fd, "cgroup.subtree_control", "+memory +pids +cpu", &e) < 0) {
        snprintf(f->why, sizeof(f->why), "%s", e.text);
        return -1;
    }
    return 0;
}

static int groups_make(struct fixture *f, int controller, const char *base, bool v2)
{
    int parent = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0) {
        return why_not(f, "open", base);
    }
    struct err e;
    if (v2 && kernel_write(parent, "cgroup.subtree_control", "+memory +pids +cpu", &e) < 0) {
        snprintf(f->why, sizeof(f->why), "%s: %s", base, e.text);
        close(parent);
        return -1;
    }
    f->parents[controller] = parent;
    AUTO(fd_closep) int top = -1;
    int r = group_make(f, parent, f->name, v2, &top);
    for (int n = 0; n < BOXD_CLASSES && r == 0; n++) {
        r = group_make(f, top, class_names[n], v2, &f->config.cgroup_fds[n][controller]);
    }
    return r;
}

static int groups_make_v2(struct fixture *f)
{
    char path[256], base[300];
    f->config.cgroup = BOX_CGROUP_V2;
    if (!own_path("", path, sizeof(path))) {
        return why_not(f, "no own group in", "/proc/self/cgroup");
    }
    *strrchr(path, '/') = '\0';
    snprintf(base, sizeof(base), "/sys/fs/cgroup%s", path);
    return groups_make(f, BOXD_CG_MEMORY, base, true);
}

static int groups_make_v1(struct fixture *f)
{
    f->config.cgroup = BOX_CGROUP_V1;
    struct stat known[BOXD_CG_COUNT];
    for (int i = 0; i < BOXD_CG_COUNT; i++) {
        char path[256], base[300];
        if (!own_path(controllers[i], path, sizeof(path))) {
            return why_not(f, "no v1 group of controller", controllers[i]);
        }
        snprintf(base, sizeof(base), "/sys/fs/cgroup/%s%s", controllers[i], path);
        if (stat(base, &known[i]) < 0) {
            return why_not(f, "stat", base);
        }
        bool same = i == BOXD_CG_CPUACCT && known[i].st_dev == known[BOXD_CG_CPU].st_dev;
        if (!same && groups_make(f, i, base, false) < 0) {
            return -1;
        }
    }
    return 0;
}

/* What a test that failed left behind. */
static void leaves_remove(int group)
{
    DIR *d = group < 0 ? NULL : fdopendir(group);
    for (struct dirent *entry = NULL; d && (entry = readdir(d));) {
        if (strncmp(entry->d_name, "box-", 4) == 0) {
            unlinkat(group, entry->d_name, AT_REMOVEDIR);
        }
    }
    if (d) {
        closedir(d);
    }
}

static void groups_remove(struct fixture *f)
{
    for (int i = 0; i < BOXD_CG_COUNT; i++) {
        for (int n = 0; n < BOXD_CLASSES; n++) {
            leaves_remove(f->config.cgroup_fds[n][i]);
        }
        if (f->parents[i] < 0) {
            continue;
        }
        int top = openat(f->parents[i], f->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (int n = 0; n < BOXD_CLASSES && top >= 0; n++) {
            unlinkat(top, class_names[n], AT_REMOVEDIR);
        }
        fd_close(top);
        unlinkat(f->parents[i], f->name, AT_REMOVEDIR);
        fd_close(f->parents[i]);
    }
}

static int fixture_set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    memset(f->parents, 0xff, sizeof(f->parents));
    memset(f->config.cgroup_fds, 0xff, sizeof(f->config.cgroup_fds));
    f->config.maxima = maxima;
    snprintf(f->name, sizeof(f->name), "belljar-test-%d", getpid());
    struct err e = {0};
    int r = host_is_v2() ? groups_make_v2(f) : groups_make_v1(f);
    if (r == 0 && cgroup_init(&f->cgroup, &f->config, &e) < 0) {
        print_error("cgroup_init: %s\n", e.text);
        groups_remove(f);
        free(f);
        return -1;
    }
    if (r < 0 && getenv("MUST_WORK")) {
        print_error("MUST_WORK is set, and there are no cgroups: %s\n", f->why);
        groups_remove(f);
        free(f);
        return -1;
    }
    *state = f;
    return 0;
}

static int fixture_tear_down(void **state)
{
    struct fixture *f = *state;
    groups_remove(f);
    free(f);
    return 0;
}

static struct fixture *fixture_need(void **state)
{
    struct fixture *f = *state;
    if (f->why[0] != '\0') {
        print_message("skipped: no cgroups can be made here: %s\n", f->why);
        skip();
    }
    return f;
}

static bool is_v2(const struct fixture *f)
{
    return f->config.cgroup == BOX_CGROUP_V2;
}

static int leaves_left(const struct fixture *f)
{
    int count = 0;
    for (int n = 0; n < BOXD_CLASSES; n++) {
        for (int i = 0; i < BOXD_CG_COUNT; i++) {
            int dir = f->config.cgroup_fds[n][i];
            DIR *d = dir < 0 ? NULL : fdopendir(openat(dir, ".", O_RDONLY | O_CLOEXEC));
            for (struct dirent *entry = NULL; d && (entry = readdir(d));) {
                count += strncmp(entry->d_name, "box-", 4) == 0;
            }
            if (d) {
                closedir(d);
            }
        }
    }
    return count;
}

static struct cgroup_leaf leaf_new(struct fixture *f)
{
    struct cgroup_leaf leaf = {0};
    struct err e = {0};
    if (cgroup_leaf_new(&f->cgroup, BOX_CLASS_BATCH, &maxima, &leaf, &e) < 0) {
        fail_msg("%s", e.text);
    }
    return leaf;
}

static void leaf_remove(struct cgroup_leaf *leaf)
{
    struct err e = {0};
    if (cgroup_leaf_remove(leaf, &e) < 0) {
        fail_msg("%s", e.text);
    }
}

/* --- a process in a leaf ---------------------------------------------------------------------- */

struct child {
    pid_t pid;
    int ready; /* read end: the child says one byte when it is where it should be */
};

typedef void child_fn(int ready);

static void say_ready(int ready)
{
    if (write(ready, "r", 1) != 1) {
        _exit(101);
    }
}

static long clone_into(const struct cgroup_leaf *leaf, uint64_t flags)
{
    struct clone_args args = {.flags = flags, .exit_signal = SIGCHLD};
    int dir = cgroup_leaf_clone_fd(leaf);
    if (dir >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)dir;
    }
    return syscall(SYS_clone3, &args, sizeof(args));
}

static struct child child_start_in(const struct cgroup_leaf *leaf, uint64_t flags, child_fn *fn)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    long pid = clone_into(leaf, flags);
    assert_true(pid >= 0);
    if (pid == 0) {
        struct err e = {0};
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* of a test that failed nobody is left */
        if (cgroup_leaf_clone_fd(leaf) < 0 && cgroup_leaf_enter(leaf, &e) < 0) {
            _exit(102);
        }
        fn(ends[1]);
        _exit(0);
    }
    close(ends[1]);
    return (struct child){(pid_t)pid, ends[0]};
}

static struct child child_start(const struct cgroup_leaf *leaf, child_fn *fn)
{
    return child_start_in(leaf, 0, fn);
}

static void child_wait_ready(const struct child *child)
{
    struct pollfd p = {.fd = child->ready, .events = POLLIN};
    assert_int_equal(poll(&p, 1, HANG_GUARD), 1);
    char byte;
    assert_int_equal(read(child->ready, &byte, 1), 1);
}

static int child_end(const struct child *child)
{
    int status = 0;
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    close(child->ready);
    return status;
}

static int child_kill(const struct child *child)
{
    assert_int_equal(kill(child->pid, SIGKILL), 0);
    return child_end(child);
}

static void touch(size_t bytes)
{
    char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        _exit(103);
    }
    for (size_t i = 0; i < bytes; i += 4096) {
        ((volatile char *)p)[i] = 1;
    }
}

static void run_pause(int ready)
{
    say_ready(ready);
    pause();
}

static void run_hold_32_mib(int ready)
{
    touch(32 * MIB);
    say_ready(ready);
    pause();
}

static void run_touch_256_mib(int ready)
{
    (void)ready;
    touch(256 * MIB);
}

static int64_t own_cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* What it has used before it was in the leaf does not count. */
static void run_burn_50_ms(int ready)
{
    (void)ready;
    int64_t start = own_cpu_ns();
    while (own_cpu_ns() - start < 50000000) {
    }
}

/* Says by its exit status how many children it could have. */
static void run_fork_until_refused(int ready)
{
    (void)ready;
    int count = 0;
    while (count < 64) {
        pid_t pid = fork();
        if (pid < 0) {
            break;
        }
        if (pid == 0) {
            pause();
            _exit(0);
        }
        count++;
    }
    signal(SIGTERM, SIG_IGN);
    kill(0, SIGTERM);
    _exit(count);
}

static void run_fork_in_own_group(int ready)
{
    setpgid(0, 0);
    run_fork_until_refused(ready);
}

static bool leaf_holds(const struct cgroup_leaf *leaf, int controller, pid_t pid)
{
    AUTO(fd_closep) int fd = openat(leaf->fds[controller], "cgroup.procs", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    char text[256] = {0}, wanted[32];
    assert_true(read(fd, text, sizeof(text) - 1) >= 0);
    snprintf(wanted, sizeof(wanted), "%d\n", pid);
    return strcmp(text, wanted) == 0;
}

static uint64_t leaf_number(const struct cgroup_leaf *leaf, int controller, const char *file)
{
    uint64_t n = 0;
    struct err e = {0};
    AUTO(fd_closep) int fd = -1;
    if (cgroup_open(leaf->fds[controller], file, O_RDONLY, &fd, &e) < 0 ||
        cgroup_read(fd, file, NULL, &n, &e) < 0) {
        fail_msg("%s", e.text);
    }
    return n;
}

static struct cgroup_usage leaf_usage(const struct cgroup_leaf *leaf)
{
    struct cgroup_usage usage = {0};
    struct err e = {0};
    if (cgroup_leaf_usage(leaf, &usage, &e) < 0) {
        fail_msg("%s", e.text);
    }
    return usage;
}

static bool event_is_there(const struct cgroup_leaf *leaf, int wait_ms)
{
    bool v1 = leaf->cgroup->ops == &cgroup_v1;
    struct pollfd p = {.fd = leaf->event_fd, .events = v1 ? POLLIN : POLLPRI};
    return poll(&p, 1, wait_ms) == 1;
}

/* --- the tests -------------------------------------------------------------------------------- */

static void test_init_finds_the_features_and_leaves_nothing(void **state)
{
    struct fixture *f = fixture_need(state);
    uint32_t wanted =
        BOX_FEATURE_MEMORY | BOX_FEATURE_PIDS | BOX_FEATURE_CPU | BOX_FEATURE_CPU_QUOTA;
    assert_int_equal(f->cgroup.features & wanted, wanted);
    uint32_t v2_only = BOX_FEATURE_CLONE_INTO | BOX_FEATURE_CGROUP_KILL;
    assert_int_equal(f->cgroup.features & v2_only, is_v2(f) ? v2_only : 0);
    assert_int_equal(leaves_left(f), 0);
}

static void test_swap_counts_as_limited_where_the_host_has_none(void **state)
{
    struct fixture *f = fixture_need(state);
    struct boxd_config config = f->config;
    config.swap_limited = 1;
    struct cgroup c = {0};
    struct err e = {0};
    assert_int_equal(cgroup_init(&c, &config, &e), 0);
    assert_true((c.features & BOX_FEATURE_SWAP) != 0);
}

static void test_new_leaf_has_the_limits(void **state)
{
    struct fixture *f = fixture_need(state);
    struct cgroup_leaf leaf = leaf_new(f);
    const char *memory = is_v2(f) ? "memory.max" : "memory.limit_in_bytes";
    int pids = is_v2(f) ? BOXD_CG_MEMORY : BOXD_CG_PIDS;
    assert_int_equal(leaf_number(&leaf, BOXD_CG_MEMORY, memory),
                     maxima.memory_bytes + BOX_OVERHEAD_BYTES);
    assert_int_equal(leaf_number(&leaf, pids, "pids.max"), maxima.processes + 1);
    if (is_v2(f)) {
        assert_int_equal(leaf_number(&leaf, BOXD_CG_MEMORY, "memory.oom.group"), 1);
    } else {
        assert_int_equal(leaf_number(&leaf, BOXD_CG_CPU, "cpu.cfs_quota_us"), 10000);
        assert_int_equal(leaf_number(&leaf, BOXD_CG_CPU, "cpu.cfs_period_us"), 10000);
    }
    leaf_remove(&leaf);
}

static void test_limits_are_lowered(void **state)
{
    struct fixture *f = fixture_need(state);
    struct cgroup_leaf leaf = leaf_new(f);
    struct box_maxima lower = {.memory_bytes = 16 * MIB, .processes = 3, .cpu_milli = 500};
    struct err e = {0};
    assert_int_equal(cgroup_leaf_limit(&leaf, &lower, &e), 0);
    const char *memory = is_v2(f) ? "memory.max" : "memory.limit_in_bytes";
    assert_int_equal(leaf_number(&leaf, BOXD_CG_MEMORY, memory), 16 * MIB + BOX_OVERHEAD_BYTES);
    assert_int_equal(leaf_number(&leaf, is_v2(f) ? BOXD_CG_MEMORY : BOXD_CG_PIDS, "pids.max"), 4);
    leaf_remove(&leaf);
}

static void test_child_enters_every_hierarchy(void **state)
{
    struct fixture *f = fixture_need(state);
    struct cgroup_leaf leaf = leaf_new(f);
    struct child child = child_start(&leaf, run_pause);
    child_wait_ready(&child);
    for (int i = 0; i < BOXD_CG_COUNT; i++) {
        if (leaf.fds[i] >= 0) {
            assert_true(leaf_holds(&leaf, i, child.pid));
        }
    }
    child_kill(&child);
    leaf_remove(&leaf);
}

static void test_child_of_new_namespaces_enters(void **state)
{
    struct fixture *f = fixture_need(state);
    if (geteuid() != 0) {
        print_message("skipped: new namespaces without a user namespace need root\n");
        skip();
    }
    struct cgroup_leaf leaf = leaf_new(f);
    struct child child = child_start_in(&leaf, CLONE_NEWPID | CLONE_NEWCGROUP, run_pause);
    child_wait_ready(&child);
    assert_true(leaf_holds(&leaf, BOXD_CG_MEMORY, child.pid));
    child_kill(&child);
    leaf_remove(&leaf);
}

static void test_enter_works_without_clone_into(void **state)
{
    struct fixture *f = fixture_need(state);
    struct cgroup c = f->cgroup;
    c.features &= ~(uint32_t)BOX_FEATURE_CLONE_INTO;
    struct cgroup_leaf leaf = {0};
    struct err e = {0};
    assert_int_equal(cgroup_leaf_new(&c, BOX_CLASS_INTERACTIVE, &maxima, &leaf, &e), 0);
    f->cgroup.next = c.next;
    assert_int_equal(cgroup_leaf_clone_fd(&leaf), -1);
    struct child child = child_start(&leaf, run_pause);
    child_wait_ready(&child);
    assert_true(leaf_holds(&leaf, BOXD_CG_MEMORY, child.pid));
    child_kill(&child);
    leaf_remove(&leaf);
}

static void test_memory_limit_below_use_is_busy_and_kills_nobody(void **state)
{
    struct fixture *f = fixture_need(state);
    struct cgroup_leaf leaf = leaf_new(f);
    struct child child = child_start(&leaf, run_hold_32_mib);
    child_wait_ready(&child);
    struct box_maxima lower = maxima;
    lower.memory_bytes = 8 * MIB;
    struct err e = {0};
    assert_int_equal(cgroup_leaf_limit(&leaf, &lower, &e), -ERR_BUSY);
    assert_int_equal(leaf_usage(&leaf).oom_kills, 0);
    int status = child_kill(&child);
    assert_int_equal(WTERMSIG(status), SIGKILL);
    leaf_remove(&leaf);
}

static void test_event_comes_with_the_end_of_memory_and_not_before(void **state)
{
    struct fixture *f = fixture_need(state);
    struct cgroup_leaf leaf = leaf_new(f);
    assert_false(event_is_there(&leaf, 0));
    assert_false(cgroup_leaf_oom(&leaf));

    struct child child = child_start(&leaf, run_touch_256_mib);
    /* v2 also tells of pressure that was overcome: such an event is read, and the next awaited. */
    bool oom = false;
    while (!oom && event_is_there(&leaf, HANG_GUARD)) {
        oom = cgroup_leaf_oom(&leaf);
    }
    assert_true(oom);
    int status = child_end(&child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
    assert_true(leaf_usage(&leaf).oom_kills >= 1);
    leaf_remove(&leaf);
}

static void test_memory_of_a_sibling_is_no_event(void **state)
{
    struct fixture *f = fixture_need(state);
    struct cgroup_leaf leaf = leaf_new(f), sibling = leaf_new(f);
    struct child child = child_start(&sibling, run_touch_256_mib);
    child_end(&child);
    assert_false(cgroup_leaf_oom(&leaf));
    assert_int_equal(leaf_usage(&leaf).oom_kills, 0);
    assert_true(leaf_usage(&sibling).oom_kills >= 1);
    leaf_remove(&sibling);
    leaf_remove(&leaf);
}

static void group_memory_limit(struct fixture *f, const char *limit)
{
    struct err e = {0};
    int group = f->config.cgroup_fds[BOX_CLASS_BATCH][BOXD_CG_MEMORY];
    if (kernel_write(group, is_v2(f) ? "memory.max" : "memory.limit_in_bytes", limit, &e) < 0) {
        fail_msg("%s", e.text);
    }
}

/* v1 writes to the eventfds of all groups below the one that ran out. */
static void test_memory_of_the_group_above_is_no_fault_of_an_idle_leaf(void **state)
{
    struct fixture *f = fixture_need(state);
    group_memory_limit(f, "33554432");
    struct cgroup_leaf leaf = leaf_new(f), hungry = leaf_new(f);
    struct child child = child_start(&hungry, run_touch_256_mib);
    int status = child_end(&child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(event_is_there(&leaf, 0), !is_v2(f));
    assert_false(cgroup_leaf_oom(&leaf));
    assert_int_equal(leaf_usage(&leaf).oom_kills, 0);
    assert_true(leaf_usage(&hungry).oom_kills >= 1);
    leaf_remove(&hungry);
    leaf_remove(&leaf);
    group_memory_limit(f, is_v2(f) ? "max" : "-1");
}

static void test_usage_has_the_peak(void **state)
{
    struct fixture *f = fixture_need(state);
    if ((f->cgroup.features & BOX_FEATURE_MEMORY_PEAK) == 0) {
        print_message("skipped: memory.peak needs Linux 5.19\n");
        skip();
    }
    struct cgroup_leaf leaf = leaf_new(f);
    struct child child = child_start(&leaf, run_hold_32_mib);
    child_wait_ready(&child);
    child_kill(&child);
    uint64_t peak = leaf_usage(&leaf).memory_peak;
    assert_true(peak >= 32 * MIB);
    assert_true(peak <= maxima.memory_bytes + BOX_OVERHEAD_BYTES);
    leaf_remove(&leaf);
}

static void test_processes_are_limited_and_hits_counted(void **state)
{
    struct fixture *f = fixture_need(state);
    struct cgroup_leaf leaf = leaf_new(f);
    assert_int_equal(leaf_usage(&leaf).process_limit_hits, 0);
    struct child child = child_start(&leaf, run_fork_in_own_group);
    int status = child_end(&child);
    assert_true(WIFEXITED(status));
    /* Itself stands where init would. */
    assert_int_equal(WEXITSTATUS(status), maxima.processes);
    assert_int_equal(leaf_usage(&leaf).process_limit_hits, 1);
    /* Its children are ours neither to wait for nor to see; the group knows when they are gone. */
    struct err e = {0};
    int r = -ERR_BUSY;
    for (int i = 0; i < HANG_GUARD && r == -ERR_BUSY; i++) {
        r = cgroup_leaf_remove(&leaf, &e);
        poll(NULL, 0, r == -ERR_BUSY);
    }
    assert_int_equal(r, 0);
}

static void test_cpu_counts_from_the_base(void **state)
{
    struct fixture *f = fixture_need(state);
    struct cgroup_leaf leaf = leaf_new(f);
    struct child child = child_start(&leaf, run_burn_50_ms);
    child_end(&child);
    struct err e = {0};
    uint64_t ns = 0;
    assert_int_equal(cgroup_leaf_cpu(&leaf, &ns, &e), 0);
    assert_true(ns >= 50000000);
    assert_int_equal(cgroup_leaf_base(&leaf, &e), 0);
    assert_int_equal(cgroup_leaf_cpu(&leaf, &ns, &e), 0);
    assert_int_equal(ns, 0);
    assert_int_equal(leaf_usage(&leaf).cpu_ns, 0);
    leaf_remove(&leaf);
}

static void test_kill_ends_all_where_the_kernel_can(void **state)
{
    struct fixture *f = fixture_need(state);
    if ((f->cgroup.features & BOX_FEATURE_CGROUP_KILL) == 0) {
        print_message("skipped: v1 has no kill of a group\n");
        skip();
    }
    struct cgroup_leaf leaf = leaf_new(f);
    struct child a = child_start(&leaf, run_pause), b = child_start(&leaf, run_pause);
    child_wait_ready(&a);
    child_wait_ready(&b);
    cgroup_leaf_kill(&leaf);
    assert_int_equal(WTERMSIG(child_end(&a)), SIGKILL);
    assert_int_equal(WTERMSIG(child_end(&b)), SIGKILL);
    leaf_remove(&leaf);
}

static void test_remove_is_busy_while_a_process_is_inside(void **state)
{
    struct fixture *f = fixture_need(state);
    struct cgroup_leaf leaf = leaf_new(f);
    struct child child = child_start(&leaf, run_pause);
    child_wait_ready(&child);
    struct err e = {0};
    assert_int_equal(cgroup_leaf_remove(&leaf, &e), -ERR_BUSY);
    child_kill(&child);
    assert_int_equal(cgroup_leaf_remove(&leaf, &e), 0);
    assert_null(leaf.cgroup);
    assert_int_equal(leaves_left(f), 0);
}

static void test_remove_of_a_zeroed_leaf_is_fine(void **state)
{
    (void)state;
    struct cgroup_leaf leaf = {0};
    struct err e = {0};
    assert_int_equal(cgroup_leaf_remove(&leaf, &e), 0);
}

/* What it could not remove may still be there. */
static void test_names_are_not_those_of_an_earlier_boxd(void **state)
{
    struct fixture *f = fixture_need(state);
    struct cgroup later = {0};
    struct err e = {0};
    struct cgroup_leaf first = leaf_new(f), second = {0};
    assert_int_equal(cgroup_init(&later, &f->config, &e), 0);
    assert_int_equal(cgroup_leaf_new(&later, BOX_CLASS_BATCH, &maxima, &second, &e), 0);
    assert_string_not_equal(first.name, second.name);
    leaf_remove(&second);
    leaf_remove(&first);
}

/* --- a leaf that is kept; one more is there all the time, as the last takes all with it ------- */

/* Of a box without a quota: one with it is not kept. */
static struct cgroup_leaf plain_new(struct fixture *f)
{
    struct box_maxima plain = maxima;
    plain.cpu_milli = 0;
    struct cgroup_leaf leaf = {0};
    struct err e = {0};
    if (cgroup_leaf_new(&f->cgroup, BOX_CLASS_BATCH, &plain, &leaf, &e) < 0) {
        fail_msg("%s", e.text);
    }
    return leaf;
}

/* A process that has ended may still be counted for a moment. */
static void leaf_remove_soon(struct cgroup_leaf *leaf)
{
    struct err e = {0};
    int r = -ERR_BUSY;
    for (int i = 0; i < HANG_GUARD && r == -ERR_BUSY; i++) {
        r = cgroup_leaf_remove(leaf, &e);
        poll(NULL, 0, r == -ERR_BUSY);
    }
    assert_int_equal(r, 0);
}

static bool is_given_on(struct fixture *f, struct cgroup_leaf *leaf)
{
    char name[sizeof(leaf->name)];
    memcpy(name, leaf->name, sizeof(name));
    leaf_remove_soon(leaf);
    struct cgroup_leaf next = plain_new(f);
    bool same = strcmp(name, next.name) == 0;
    leaf_remove(&next);
    return same;
}

static void test_leaf_is_given_on_where_that_is_cheaper(void **state)
{
    struct fixture *f = fixture_need(state);
    struct cgroup_leaf other = plain_new(f), leaf = plain_new(f);
    assert_int_equal(is_given_on(f, &leaf), !is_v2(f));
    leaf_remove(&other);
    assert_int_equal(leaves_left(f), 0);
}

static void test_leaf_is_given_on_within_its_class_alone(void **state)
{
    struct fixture *f = fixture_need(state);
    struct cgroup_leaf other = plain_new(f), leaf = plain_new(f), next = {0};
    char name[sizeof(leaf.name)];
    memcpy(name, leaf.name, sizeof(name));
    leaf_remove(&leaf);
    struct err e = {0};
    assert_int_equal(cgroup_leaf_new(&f->cgroup, BOX_CLASS_INTERACTIVE, &maxima, &next, &e), 0);
    assert_string_not_equal(name, next.name);
    leaf_remove(&next);
    leaf_remove(&other);
}

static void test_leaf_that_is_given_on_has_the_limits_of_the_next_box(void **state)
{
    struct fixture *f = fixture_need(state);
    struct cgroup_leaf other = plain_new(f), leaf = plain_new(f);
    struct box_maxima less = {.memory_bytes = maxima.memory_bytes / 2, .processes = 2};
    struct err e = {0};
    assert_int_equal(cgroup_leaf_limit(&leaf, &less, &e), 0);
    leaf_remove(&leaf);
    leaf = plain_new(f);
    const char *memory = is_v2(f) ? "memory.max" : "memory.limit_in_bytes";
    assert_int_equal(leaf_number(&leaf, BOXD_CG_MEMORY, memory), cgroup_memory_limit(&maxima));
    assert_int_equal(leaf_number(&leaf, BOXD_CG_PIDS, "pids.max"), cgroup_process_limit(&maxima));
    leaf_remove(&leaf);
    leaf_remove(&other);
}

static void test_leaf_that_is_given_on_has_used_nothing(void **state)
{
    struct fixture *f = fixture_need(state);
    struct cgroup_leaf other = plain_new(f), leaf = plain_new(f);
    struct child child = child_start(&leaf, run_burn_50_ms);
    child_end(&child);
    leaf_remove_soon(&leaf);
    leaf = plain_new(f);
    assert_int_equal(leaf_usage(&leaf).cpu_ns, 0);
    assert_true(leaf_usage(&leaf).memory_peak < MIB);
    leaf_remove(&leaf);
    leaf_remove(&other);
}

static void test_leaf_that_met_a_limit_goes(void **state)
{
    struct fixture *f = fixture_need(state);
    struct cgroup_leaf other = plain_new(f), processes = plain_new(f), memory = plain_new(f);
    struct child child = child_start(&processes, run_fork_in_own_group);
    child_end(&child);
    assert_false(is_given_on(f, &processes));
    child = child_start(&memory, run_touch_256_mib);
    child_end(&child);
    assert_false(is_given_on(f, &memory));
    leaf_remove(&other);
}

static void test_leaf_with_a_quota_goes(void **state)
{
    struct fixture *f = fixture_need(state);
    struct cgroup_leaf other = plain_new(f), leaf = leaf_new(f);
    assert_int_not_equal(leaf.limits.cpu_milli, 0);
    assert_false(is_given_on(f, &leaf));
    leaf_remove(&other);
}

static void test_leaf_with_a_process_in_it_is_not_given_on(void **state)
{
    struct fixture *f = fixture_need(state);
    struct cgroup_leaf other = plain_new(f), leaf = plain_new(f);
    struct child child = child_start(&leaf, run_pause);
    child_wait_ready(&child);
    struct err e = {0};
    assert_int_equal(cgroup_leaf_remove(&leaf, &e), -ERR_BUSY);
    child_kill(&child);
    leaf_remove_soon(&leaf);
    leaf_remove(&other);
}

static int fd_count(void)
{
    int count = 0;
    DIR *d = opendir("/proc/self/fd");
    assert_non_null(d);
    while (readdir(d)) {
        count++;
    }
    closedir(d);
    return count;
}

/* A directory that is no cgroup stands in for whatever the kernel may refuse half-way. */
static void test_leaf_that_fails_leaves_nothing(void **state)
{
    struct fixture *f = fixture_need(state);
    char path[] = "/tmp/test_cgroup.XXXXXX";
    assert_non_null(mkdtemp(path));
    AUTO(fd_closep) int plain = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct cgroup c = f->cgroup;
    c.fds[BOX_CLASS_BATCH][is_v2(f) ? BOXD_CG_MEMORY : BOXD_CG_PIDS] = plain;
    int before = fd_count();
    struct cgroup_leaf leaf = {.event_fd = 77};
    struct err e = {0};
    assert_true(cgroup_leaf_new(&c, BOX_CLASS_BATCH, &maxima, &leaf, &e) < 0);
    assert_int_equal(leaf.event_fd, 77);
    assert_int_equal(leaves_left(f), 0);
    assert_int_equal(fd_count(), before);
    assert_int_equal(rmdir(path), 0);
}

static void test_leaves_come_and_go_without_a_trace(void **state)
{
    struct fixture *f = fixture_need(state);
    int before = fd_count();
    for (int i = 0; i < 20; i++) {
        struct cgroup_leaf leaf = leaf_new(f);
        leaf_remove(&leaf);
    }
    assert_int_equal(leaves_left(f), 0);
    assert_int_equal(fd_count(), before);
}

static void test_none_gives_leaves_without_anything(void **state)
{
    (void)state;
    struct boxd_config config = {.cgroup = BOX_CGROUP_NONE};
    struct cgroup c = {0};
    struct cgroup_leaf leaf = {0};
    struct err e = {0};
    assert_int_equal(cgroup_init(&c, &config, &e), 0);
    assert_int_equal(c.features, 0);
    assert_int_equal(cgroup_leaf_new(&c, BOX_CLASS_BATCH, &maxima, &leaf, &e), 0);
    assert_int_equal(cgroup_leaf_clone_fd(&leaf), -1);
    assert_int_equal(cgroup_leaf_enter(&leaf, &e), 0);
    assert_int_equal(cgroup_leaf_base(&leaf, &e), 0);
    assert_int_equal(leaf.event_fd, -1);
    assert_false(cgroup_leaf_oom(&leaf));
    assert_int_equal(leaf_usage(&leaf).cpu_ns, 0);
    cgroup_leaf_kill(&leaf);
    leaf_remove(&leaf);
}

static void test_unknown_driver_is_refused(void **state)
{
    (void)state;
    struct boxd_config config = {.cgroup = 7};
    struct cgroup c = {0};
    struct err e = {0};
    assert_int_equal(cgroup_init(&c, &config, &e), -ERR_INVALID);
}

static void test_numbers_of_the_limits(void **state)
{
    (void)state;
    assert_int_equal(cgroup_quota(1000).quota_us, 10000);
    assert_int_equal(cgroup_quota(1000).period_us, 10000);
    assert_int_equal(cgroup_quota(2500).quota_us, 25000);
    assert_int_equal(cgroup_quota(50).quota_us, 1000);
    assert_int_equal(cgroup_quota(50).period_us, 20000);
    struct box_maxima most = {.memory_bytes = UINT64_MAX, .processes = UINT32_MAX};
    assert_true(cgroup_memory_limit(&most) == INT64_MAX);
    assert_int_equal(cgroup_process_limit(&most), 4194304);
    assert_int_equal(cgroup_process_limit(&maxima), 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_init_finds_the_features_and_leaves_nothing),
        cmocka_unit_test(test_swap_counts_as_limited_where_the_host_has_none),
        cmocka_unit_test(test_new_leaf_has_the_limits),
        cmocka_unit_test(test_limits_are_lowered),
        cmocka_unit_test(test_child_enters_every_hierarchy),
        cmocka_unit_test(test_child_of_new_namespaces_enters),
        cmocka_unit_test(test_enter_works_without_clone_into),
        cmocka_unit_test(test_memory_limit_below_use_is_busy_and_kills_nobody),
        cmocka_unit_test(test_event_comes_with_the_end_of_memory_and_not_before),
        cmocka_unit_test(test_memory_of_a_sibling_is_no_event),
        cmocka_unit_test(test_memory_of_the_group_above_is_no_fault_of_an_idle_leaf),
        cmocka_unit_test(test_usage_has_the_peak),
        cmocka_unit_test(test_processes_are_limited_and_hits_counted),
        cmocka_unit_test(test_cpu_counts_from_the_base),
        cmocka_unit_test(test_kill_ends_all_where_the_kernel_can),
        cmocka_unit_test(test_remove_is_busy_while_a_process_is_inside),
        cmocka_unit_test(test_remove_of_a_zeroed_leaf_is_fine),
        cmocka_unit_test(test_names_are_not_those_of_an_earlier_boxd),
        cmocka_unit_test(test_leaf_is_given_on_where_that_is_cheaper),
        cmocka_unit_test(test_leaf_is_given_on_within_its_class_alone),
        cmocka_unit_test(test_leaf_that_is_given_on_has_the_limits_of_the_next_box),
        cmocka_unit_test(test_leaf_that_is_given_on_has_used_nothing),
        cmocka_unit_test(test_leaf_that_met_a_limit_goes),
        cmocka_unit_test(test_leaf_with_a_quota_goes),
        cmocka_unit_test(test_leaf_with_a_process_in_it_is_not_given_on),
        cmocka_unit_test(test_leaf_that_fails_leaves_nothing),
        cmocka_unit_test(test_leaves_come_and_go_without_a_trace),
        cmocka_unit_test(test_none_gives_leaves_without_anything),
        cmocka_unit_test(test_unknown_driver_is_refused),
        cmocka_unit_test(test_numbers_of_the_limits),
    };
    return cmocka_run_group_tests_name("cgroup", tests, fixture_set_up, fixture_tear_down);
}
