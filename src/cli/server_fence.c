/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/server_fence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/landlock.h"

static const uint64_t readable = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
/* Plain files only: no directories, links, sockets, FIFOs. */
static const uint64_t writable = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
                                 LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_FS_TRUNCATE;
/* What a rule for a file that is no directory may give. */
static const uint64_t of_files =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_FS_TRUNCATE;

/*
 * /etc as a whole: resolv.conf and hosts are replaced while we run, and a rule for a file is one
 * for its inode.  Those in /run are what resolv.conf is often a link to.  The host's tools are in
 * /usr, or beside it where /usr is not merged; the versions of some are known to dpkg alone.
 */
static const char *const read_paths[] = {
    "/etc",
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/var/lib/dpkg",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/NetworkManager",
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/sys/kernel/core_pattern",
    "/sys/devices/system",
};

static int allow(int ruleset, int fd, const char *name, uint64_t rights, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) < 0) {
        return err_sys(e, "stat of '%s'", name);
    }
    uint64_t given = S_ISDIR(st.st_mode) ? rights : rights & of_files;
    struct landlock_path_beneath_attr rule = {.allowed_access = given, .parent_fd = fd};
    if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0) {
        return err_sys(e, "Landlock rule for '%s'", name);
    }
    return 0;
}

static int allow_reading(int ruleset, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(read_paths); i++) {
        AUTO(fd_closep) int fd = open(read_paths[i], O_PATH | O_CLOEXEC);
        if (fd < 0) {
            continue; /* what is not there needs no right */
        }
        int r = allow(ruleset, fd, read_paths[i], readable, e);
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

static int restrict_to_state(int state_fd, int packages_fd, int abi, struct err *e)
{
    /* What is handled and given nowhere is refused everywhere. */
    struct landlock_rules attr = landlock_rules_of(abi);
    AUTO(fd_closep) int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
    if (ruleset < 0) {
        return err_sys(e, "making a Landlock ruleset (ABI %d)", abi);
    }
    int r = allow(ruleset, state_fd, "the state directory", writable & attr.files, e);
    if (r == 0 && packages_fd >= 0) {
        r = allow(ruleset, packages_fd, "the package store", readable, e);
    }
    if (r == 0) {
        r = allow_reading(ruleset, e);
    }
    if (r == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0) {
        r = err_sys(e, "entering Landlock");
    }
    return r;
}

int server_fence(int state_fd, int packages_fd, bool *ret_fenced, struct err *e)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 0 && errno != ENOSYS && errno != EOPNOTSUPP && errno != EPERM) {
        return err_sys(e, "asking for Landlock's version");
    }
    int r = abi < 1 ? 0 : restrict_to_state(state_fd, packages_fd, (int)abi, e);
    if (r == 0) {
        *ret_fenced = abi >= 1;
    }
    return r;
}
