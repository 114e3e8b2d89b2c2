/* SPDX-License-Identifier: Apache-2.0 */
#include "boxd/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "boxd/mounts.h"

/*
 * What is the host's and readable by all: it tells of other boxes' work or of the machine.  Left
 * are cpuinfo, filesystems, loadavg, meminfo, stat, swaps, uptime and version, which runtimes read,
 * net and sysvipc, which are of the box's namespaces, and what root alone may open.  A name that
 * this kernel lacks is passed over.
 */
static const char *const masked[] = {
    "acpi",
    "asound",
    "buddyinfo",
    "bus",
    "cgroups",
    "cmdline",
    "config.gz",
    "consoles",
    "crypto",
    "devices",
    "diskstats",
    "dma",
    "driver",
    "execdomains",
    "fb",
    "fs",
    "ide",
    "interrupts",
    "iomem",
    "ioports",
    "irq",
    "kallsyms",
    "kcore",
    "key-users",
    "keys",
    "latency_stats",
    "lock_stat",
    "locks",
    "mdstat",
    "misc",
    "modules",
    "mtrr",
    "partitions",
    "pressure",
    "sched_debug",
    "schedstat",
    "scsi",
    "softirqs",
    "sysrq-trigger",
    "timer_list",
    "timer_stats",
    "tty",
    "vmstat",
    "zoneinfo",
    "dynamic_debug",
    "sys/kernel/random/boot_id",
    "sys/fs/binfmt_misc",
};

static int mask(int proc, int storage, const char *name, struct err *e)
{
    struct stat st;
    if (fstatat(proc, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        return errno == ENOENT ? 0 : err_sys(e, "looking at '/proc/%s'", name);
    }
    return mount_bind(storage, S_ISDIR(st.st_mode) ? "mask" : "mask-file", proc, name,
                      MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
                      e);
}

int procfs_mount(int root_fd, int storage_fd, struct err *e)
{
    static const struct mount_option options[] = {{"source", "proc"}, {"hidepid", "invisible"}};
    AUTO(fd_closep) int proc = -1;
    int r = mount_make("proc", options, ARRAY_LEN(options),
                       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, &proc, e);
    r = r < 0 ? r : mount_attach(proc, root_fd, "proc", e);
    r = r < 0 ? r : mount_bind(proc, "sys", proc, "sys", MOUNT_ATTR_RDONLY, e);
    for (size_t i = 0; i < ARRAY_LEN(masked) && r == 0; i++) {
        r = mask(proc, storage_fd, masked[i], e);
    }
    return r;
}
