/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "boxproto/boxproto.h"
#include "sandbox/container.h"
#include "sandbox/doctor_start.h"
#include "sandbox/launch_host.h"

#define KERNEL_MAJOR 5
#define KERNEL_MINOR 15

#define REMEDY_ROOT "start belljar as root"
#define REMEDY_DELEGATE                                                                            \
    "start as root, or have a cgroup delegated: systemd-run --user --scope -p Delegate=yes "       \
    "belljar ..."
#define REMEDY_SUBUID                                                                              \
    "install the package uidmap and grant ids: usermod --add-subuids 100000-165535 "               \
    "--add-subgids 100000-165535 USER; or start as root"
#define REMEDY_KERNEL "use a newer kernel"

/* What each thing that boxd found, or did not find, means. */
struct feature {
    uint32_t bit;
    enum doctor_state without;
    const char *name, *gives, *lacks;
    enum container_need need; /* what a container's engine takes away */
    const char *remedy;       /* outside of a container, or where its engine has no say */
};

static const struct feature features[] = {
    {BOX_FEATURE_TWO_IDS, DOCTOR_WEAKER, "two ids in a box",
     "the program cannot reach the init of its box",
     "init and the program share one id; init is kept apart by the filter and by not being "
     "dumpable",
     NEED_IDS, REMEDY_SUBUID},
    {BOX_FEATURE_UNIQUE_IDS, DOCTOR_WEAKER, "own ids for each box",
     "kernel quotas that count by user (pipes, inotify, pending signals) are each box's own",
     "all boxes count as you: one can use up the pipes, watches and processes of the others and "
     "yours",
     NEED_IDS, REMEDY_SUBUID},
    {BOX_FEATURE_MEMORY, DOCTOR_MISSING, "memory limit",
     "a box cannot use more memory than its limit, files included",
     "only single processes are limited, loosely (RLIMIT_DATA); a box as a whole is not",
     NEED_CGROUP, REMEDY_DELEGATE},
    {BOX_FEATURE_PIDS, DOCTOR_MISSING, "process limit", "a fork bomb ends at the limit of its box",
     "a fork bomb ends at RLIMIT_NPROC instead, and no verdict tells that it did", NEED_CGROUP,
     REMEDY_DELEGATE},
    {BOX_FEATURE_CPU, DOCTOR_WEAKER, "CPU time of a box",
     "the CPU time of all processes of a box is measured and limited",
     "CPU time is that of processes that have ended and were waited for; the limit is one process'",
     NEED_CGROUP, REMEDY_DELEGATE},
    {BOX_FEATURE_CPU_QUOTA, DOCTOR_WEAKER, "CPU quota", "a box can be held to a number of CPUs",
     "limits.cpus cannot be kept: a program with many threads may use all CPUs", NEED_CGROUP,
     REMEDY_DELEGATE},
    {BOX_FEATURE_MEMORY_PEAK, DOCTOR_WEAKER, "peak memory",
     "the largest use of memory of a box is the kernel's own count",
     "it is told as the largest resident size of one process", NEED_CGROUP,
     "with cgroup v2, Linux 5.19 or later has memory.peak"},
    {BOX_FEATURE_SWAP, DOCTOR_WEAKER, "swap",
     "what a box cannot have as memory it cannot have as swap either",
     "a box may go on in swap beyond its memory limit", NEED_CGROUP,
     "swapoff -a, or start Linux with swapaccount=1"},
    {BOX_FEATURE_SECCOMP, DOCTOR_MISSING, "system call filter",
     "programs reach only the system calls of an allow list",
     "the kernel's whole surface is open to programs", NEED_NOTHING,
     "a kernel with CONFIG_SECCOMP_FILTER"},
    {BOX_FEATURE_LANDLOCK, DOCTOR_WEAKER, "Landlock", "a second fence around the files of a box",
     "mount namespaces are the only fence around files", NEED_NOTHING,
     "Linux 5.19 or later, with landlock in /sys/kernel/security/lsm"},
    {BOX_FEATURE_OVERLAY, DOCTOR_WEAKER, "own inodes for each box",
     "boxes see no locks and no inotify events of each other",
     "files of the host are shared inodes: two boxes can signal each other by locks", NEED_NOTHING,
     "a kernel with overlayfs; for ordinary users Linux 5.11 or later"},
    {BOX_FEATURE_DEVICES, DOCTOR_WEAKER, "own device nodes",
     "/dev/null and the like are each box's own",
     "the host's own device files are bound read-only: locks on them are a channel between boxes",
     NEED_HOST, REMEDY_ROOT},
    {BOX_FEATURE_PROC, DOCTOR_WEAKER, "/proc", "a box has a /proc of its own processes",
     "boxes have no /proc: JVM, .NET and others may not start", NEED_PROC,
     "a /proc of the host of which no part is covered by other mounts"},
    {BOX_FEATURE_NETNS, DOCTOR_MISSING, "network namespaces",
     "a box has no network but a loopback of its own", "boxes cannot be kept off the network",
     NEED_NOTHING, "a kernel with CONFIG_NET_NS"},
    {BOX_FEATURE_TIMENS, DOCTOR_WEAKER, "time namespaces", "a box does not see the host's uptime",
     "programs can read how long the host has been up", NEED_NOTHING,
     "a kernel with CONFIG_TIME_NS"},
    {BOX_FEATURE_NESTED_OFF, DOCTOR_WEAKER, "no nested namespaces",
     "a box may have no user namespaces, by filter and by sysctl",
     "nested user namespaces are refused by the filter alone", NEED_PROC, REMEDY_KERNEL},
    {BOX_FEATURE_MOUNT_API, DOCTOR_MISSING, "mount API", "mounts are made through descriptors",
     "boxes cannot be built", NEED_CALLS, "Linux 5.15 or later"},
};

/* Others do the same work when these are not there: nothing is lost. */
static const struct feature conveniences[] = {
    {BOX_FEATURE_CGROUP_KILL, DOCTOR_OK, "cgroup.kill", "a box ends by one write",
     "a box ends with its PID 1, to the same effect", NEED_NOTHING, ""},
    {BOX_FEATURE_CLONE_INTO, DOCTOR_OK, "clone into cgroup", "a box is born in its cgroup",
     "a box enters its cgroup as the first thing it does", NEED_NOTHING, ""},
};

static struct doctor_row *row_add(struct doctor_row *rows, unsigned *count, const char *feature,
                                  enum doctor_state state)
{
    struct doctor_row *row = &rows[(*count)++];
    *row = (struct doctor_row){.feature = feature, .state = state, .meaning = "", .remedy = ""};
    return row;
}

/* `remedy`: where there is no engine that could be told to give it. */
static void row_lacks(struct doctor_row *row, enum container_need need, const char *remedy,
                      enum container c)
{
    const char *option = container_option(c, need);
    row->need = need;
    row->remedy = option ? option : remedy;
}

static bool kernel_is_old(const char *release)
{
    unsigned major = 0, minor = 0;
    if (sscanf(release, "%u.%u", &major, &minor) != 2) {
        return false;
    }
    return major < KERNEL_MAJOR || (major == KERNEL_MAJOR && minor < KERNEL_MINOR);
}

static void kernel_row(struct doctor_row *rows, unsigned *count)
{
    struct utsname name;
    uname(&name);
    bool old = kernel_is_old(name.release);
    struct doctor_row *row = row_add(rows, count, "kernel", old ? DOCTOR_MISSING : DOCTOR_OK);
    snprintf(row->detail, sizeof(row->detail), "Linux %.100s", name.release);
    row->meaning = old ? "older than 5.15, the oldest that belljar is made for" : "new enough";
    row->remedy = old ? "use Linux 5.15 or later" : "";
}

static void start_row(const struct box_boxd_hello *hello, enum container c, struct doctor_row *rows,
                      unsigned *count)
{
    bool root = hello ? (hello->features & BOX_FEATURE_ROOT) != 0 : host_is_privileged();
    enum doctor_start start = root || hello ? START_WORKS : doctor_start_try();
    bool works = start == START_WORKS;
    struct doctor_row *row = row_add(rows, count, "privileges", works ? DOCTOR_OK : DOCTOR_MISSING);
    snprintf(row->detail, sizeof(row->detail), "%s",
             root    ? "root"
             : works ? "ordinary user, in a user namespace"
                     : "ordinary user");
    row->meaning = "boxes can be made";
    if (!works) {
        doctor_start_explain(start, c, row);
    }
    if (start == START_NO_USERNS && container_profile_refuses_mounts(c)) {
        row = row_add(rows, count, "AppArmor", DOCTOR_MISSING);
        row->meaning = "the profile of the container refuses mounts";
        row_lacks(row, NEED_APPARMOR, "", c);
    }
}

static void cgroup_row(const struct box_boxd_hello *hello, const char *lack, enum container c,
                       struct doctor_row *rows, unsigned *count)
{
    static const char *const details[] = {
        [BOX_CGROUP_NONE] = "none",
        [BOX_CGROUP_V1] = "v1 (memory, pids, cpu, cpuacct)",
        [BOX_CGROUP_V2] = "v2",
    };
    if (!hello || hello->cgroup >= ARRAY_LEN(details)) {
        return;
    }
    bool there = hello->cgroup != BOX_CGROUP_NONE;
    struct doctor_row *row = row_add(rows, count, "cgroup", there ? DOCTOR_OK : DOCTOR_MISSING);
    snprintf(row->detail, sizeof(row->detail), "%s%s%.230s", details[hello->cgroup],
             lack ? ": " : "", lack ? lack : "");
    row->meaning = there ? "limits hold for a box as a whole" : "limits hold for single processes";
    if (!there) {
        row_lacks(row, NEED_CGROUP, REMEDY_DELEGATE, c);
    }
}

/* What is known of the host, and from whom. */
struct view {
    uint32_t known, have, landlock;
    bool has_cgroup;
    enum container container;
};

static void feature_rows(const struct feature *table, size_t len, const struct view *v,
                         struct doctor_row *rows, unsigned *count)
{
    for (size_t i = 0; i < len; i++) {
        const struct feature *f = &table[i];
        if (!(v->known & f->bit)) {
            continue;
        }
        bool there = (v->have & f->bit) != 0;
        struct doctor_row *row = row_add(rows, count, f->name, there ? DOCTOR_OK : f->without);
        row->meaning = there ? f->gives : f->lacks;
        if (!there) {
            /* Without a cgroup, what else would be needed for this row is of no interest. */
            bool none = f->need == NEED_CGROUP && !v->has_cgroup;
            row_lacks(row, f->need, none ? REMEDY_DELEGATE : f->remedy, v->container);
        }
    }
}

static void landlock_detail(uint32_t abi, struct doctor_row *rows, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(rows[i].feature, "Landlock") == 0 && abi > 0) {
            snprintf(rows[i].detail, sizeof(rows[i].detail), "ABI %u", (unsigned)abi);
        }
    }
}

/* RLIMIT_CORE is 1 in every box: with 0 the kernel would still run the helper, as root. */
static void core_row(struct doctor_row *rows, unsigned *count)
{
    AUTO(buf_done) struct buf text = {0};
    struct err e;
    if (fd_read_path("/proc/sys/kernel/core_pattern", 4096, &text, &e) < 0) {
        return;
    }
    bool pipe = text.data[0] == '|';
    struct doctor_row *row = row_add(rows, count, "core dumps", DOCTOR_OK);
    snprintf(row->detail, sizeof(row->detail), "%s", pipe ? "core_pattern is a pipe" : "files");
    row->meaning = pipe ? "crashes in boxes do not start the host's core helper (RLIMIT_CORE is 1)"
                        : "crashes in boxes leave none";
}

static void memfd_row(struct doctor_row *rows, unsigned *count)
{
    AUTO(fd_closep) int fd = memfd_create("doctor", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    struct doctor_row *row = row_add(rows, count, "memfd", fd < 0 ? DOCTOR_MISSING : DOCTOR_OK);
    row->meaning = fd < 0 ? "products of compilers cannot be kept" : "files are handed on sealed";
    row->remedy = fd < 0 ? "a kernel with CONFIG_MEMFD_CREATE" : "";
}

/* No box is weaker without it: what network.disable = false would need is told. */
static void network_row(struct doctor_row *rows, unsigned *count)
{
    AUTO(fd_closep) int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    int why = errno;
    struct doctor_row *row = row_add(rows, count, "network for programs", DOCTOR_OK);
    if (fd < 0) {
        snprintf(row->detail, sizeof(row->detail), "/dev/net/tun: %s", strerrordesc_np(why));
        row->meaning = "programs can be given no network (network.disable = false does not start)";
        row->remedy =
            "modprobe tun and chmod 0666 /dev/net/tun, which udev does on most hosts; in a "
            "container, --device /dev/net/tun";
        return;
    }
    row->meaning = "programs can be given one, where network.disable is false";
}

/* What can be told without boxd. */
static void probe(struct view *v)
{
    uint32_t action = SECCOMP_RET_KILL_PROCESS;
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    v->known = BOX_FEATURE_SECCOMP | BOX_FEATURE_LANDLOCK;
    v->landlock = abi > 0 ? (uint32_t)abi : 0;
    if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0) {
        v->have |= BOX_FEATURE_SECCOMP;
    }
    if (abi >= 2) {
        v->have |= BOX_FEATURE_LANDLOCK;
    }
    if (v->container != CONTAINER_NONE) { /* so that all options are told at once */
        uint32_t limits = BOX_FEATURE_MEMORY | BOX_FEATURE_PIDS;
        v->known |= BOX_FEATURE_PROC | limits;
        v->have |= container_has_proc() ? BOX_FEATURE_PROC : 0;
        v->have |= container_has_cgroup() ? limits : 0;
    }
}

unsigned doctor_rows(const struct box_boxd_hello *hello, const char *cgroup_lack,
                     struct doctor_row rows[DOCTOR_ROWS_MAX])
{
    struct view v = {.known = UINT32_MAX, .container = container_detect()};
    if (hello) {
        v.have = hello->features;
        v.landlock = hello->landlock_abi;
        v.has_cgroup = hello->cgroup != BOX_CGROUP_NONE;
    } else {
        probe(&v);
    }
    unsigned count = 0;
    kernel_row(rows, &count);
    start_row(hello, v.container, rows, &count);
    cgroup_row(hello, cgroup_lack, v.container, rows, &count);
    feature_rows(features, ARRAY_LEN(features), &v, rows, &count);
    feature_rows(conveniences, ARRAY_LEN(conveniences), &v, rows, &count);
    landlock_detail(v.landlock, rows, count);
    core_row(rows, &count);
    memfd_row(rows, &count);
    network_row(rows, &count);
    return count;
}

unsigned doctor_options(const struct doctor_row *rows, unsigned count, enum container c,
                        const char *ret[CONTAINER_NEEDS])
{
    unsigned found = 0;
    for (unsigned need = NEED_NOTHING + 1; need < NEED_HOST; need++) {
        bool needed = false;
        for (unsigned i = 0; i < count; i++) {
            needed = needed || (rows[i].state != DOCTOR_OK && rows[i].need == need);
        }
        const char *option = needed ? container_option(c, (enum container_need)need) : NULL;
        if (option) {
            ret[found++] = option;
        }
    }
    return found;
}

const char *doctor_state_name(enum doctor_state state)
{
    static const char *const names[] = {
        [DOCTOR_OK] = "ok",
        [DOCTOR_WEAKER] = "weaker",
        [DOCTOR_MISSING] = "missing",
    };
    return names[state];
}

static const char *colour_of(enum doctor_state state)
{
    static const char *const colours[] = {
        [DOCTOR_OK] = "\033[32m",
        [DOCTOR_WEAKER] = "\033[33m",
        [DOCTOR_MISSING] = "\033[31m",
    };
    return colours[state];
}

void doctor_print(const struct doctor_row *rows, unsigned count, bool colour, struct buf *ret)
{
    buf_add_fmt(ret, "%-24s %-8s %s\n", "FEATURE", "STATE", "MEANING");
    for (unsigned i = 0; i < count; i++) {
        const struct doctor_row *row = &rows[i];
        buf_add_fmt(ret, "%-24s %s%-8s%s %s%s%s\n", row->feature,
                    colour ? colour_of(row->state) : "", doctor_state_name(row->state),
                    colour ? "\033[0m" : "", row->detail, row->detail[0] ? "; " : "", row->meaning);
        if (row->remedy[0]) {
            buf_add_fmt(ret, "%-33s to get it: %s\n", "", row->remedy);
        }
    }
}

/* Below these there is no box, or none that would deserve the name. */
#define ALWAYS (BOX_FEATURE_MOUNT_API | BOX_FEATURE_NETNS | BOX_FEATURE_SECCOMP)

static uint32_t required(enum sandbox_require require)
{
    switch (require) {
    case REQUIRE_FULL:
        return ALWAYS | BOX_FEATURE_TWO_IDS | BOX_FEATURE_UNIQUE_IDS | BOX_FEATURE_MEMORY |
               BOX_FEATURE_PIDS | BOX_FEATURE_CPU | BOX_FEATURE_OVERLAY | BOX_FEATURE_PROC |
               BOX_FEATURE_NESTED_OFF;
    case REQUIRE_LIMITS:
        return ALWAYS | BOX_FEATURE_MEMORY | BOX_FEATURE_PIDS;
    case REQUIRE_NONE:
        break;
    }
    return ALWAYS;
}

int doctor_require(const struct box_boxd_hello *hello, enum sandbox_require require, struct err *e)
{
    static const char *const levels[] = {
        [REQUIRE_FULL] = "full",
        [REQUIRE_LIMITS] = "limits",
        [REQUIRE_NONE] = "none",
    };
    uint32_t lacking = required(require) & ~hello->features;
    if (lacking == 0) {
        return 0;
    }
    AUTO(buf_done) struct buf names = {0};
    for (size_t i = 0; i < ARRAY_LEN(features); i++) {
        if (lacking & features[i].bit) {
            buf_add_fmt(&names, "%s%s", names.len ? ", " : "", features[i].name);
        }
    }
    return err_set(e, ERR_UNSUPPORTED,
                   "this host does not give what sandbox.require = %s asks for: %s; 'belljar "
                   "doctor' says how to get it, --require how to do with less",
                   levels[require], names.data);
}
