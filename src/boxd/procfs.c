/* SPDX-License-Identifier: Apache-2.0 */
#include "boxd/procfs.h"

#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "boxd/mounts.h"
#include "boxd/weak.h"

#define PROC_ATTRIBUTES (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
#define MASK_ATTRIBUTES (PROC_ATTRIBUTES | MOUNT_ATTR_RDONLY)

/*
 * What is the host's, readable by all, and tells of other boxes' work or of how the host was
 * started.  Each costs 7 us, so what only names the hardware stays (cpuinfo does that anyway), as
 * does what the host's root alone may open.  Runtimes read cpuinfo, meminfo, stat, loadavg, uptime,
 * version and filesystems; net and sysvipc are of the box's namespaces.  A name that this kernel
 * lacks is passed over.
 */
static const char *const masked_files[] = {
    "buddyinfo",  "cgroups",  "cmdline",   "config.gz", "diskstats", "interrupts",
    "kallsyms",   "locks",    "key-users", "keys",      "modules",   "schedstat",
    "partitions", "softirqs", "vmstat",    "zoneinfo",
};
static const char *const masked_sysctls[] = {"sys/kernel/random/boot_id"};
static const char *const masked_directories[] = {
    "acpi", "asound", "bus", "driver", "fs", "irq", "pressure", "scsi", "tty",
};

/*
 * mount(2), twice as fast as a detached copy that is then moved.  The places are the kernel's own,
 * so no link can lie there; the copies take the flags of `from`.
 */
static int mask(const char *from, const char *const *names, size_t count, struct err *e)
{
    for (size_t i = 0; i < count; i++) {
        if (mount(from, names[i], NULL, MS_BIND, NULL) < 0 && errno != ENOENT) {
            return err_sys(e, "masking '/proc/%s'", names[i]);
        }
    }
    return 0;
}

int procfs_mount(int top_fd, int root_fd, uint64_t weaken, struct err *e)
{
    static const struct mount_option options[] = {{"hidepid", "invisible"}};
    size_t count = weakened(weaken, WEAKEN_PROC_HIDE) ? 0 : ARRAY_LEN(options);
    AUTO(fd_closep) int proc = -1;
    int r = mount_bind(root_fd, "proc", top_fd, "mask", MASK_ATTRIBUTES, e);
    r = r < 0 ? r
              : mount_make("proc", options, count, weak_attributes(weaken, PROC_ATTRIBUTES), &proc,
                           e);
    r = r < 0 ? r : mount_attach(proc, root_fd, "proc", e);
    r = r < 0 ? r : mount_bind(proc, "sys", proc, "sys", MOUNT_ATTR_RDONLY, e);
    if (r == 0 && fchdir(proc) < 0) {
        r = err_sys(e, "entering '/proc'");
    }
    if (weakened(weaken, WEAKEN_PROC_MASK)) {
        return r;
    }
    r = r < 0 ? r : mask("/mask/file", masked_files, ARRAY_LEN(masked_files), e);
    r = r < 0 ? r : mask("/mask/file", masked_sysctls, ARRAY_LEN(masked_sysctls), e);
    return r < 0 ? r
                 : mask("/mask/directory", masked_directories, ARRAY_LEN(masked_directories), e);
}
