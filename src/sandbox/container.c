/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/container.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/strv.h"
#include "sandbox/launch_mounts.h"

#define PROC_FILE_BYTES (16 << 20)

static const struct {
    enum container kind;
    const char *mark;
} engines[] = {
    {CONTAINER_DOCKER, "/.dockerenv"},
    {CONTAINER_PODMAN, "/run/.containerenv"},
};

#define SUBIDS(line)                                                                               \
    ("in the image, the package uidmap and a line " line " in /etc/subuid and /etc/subgid")
#define PROFILE "{type: Localhost, localhostProfile: docker-seccomp.json}"

/*
 * The kernel lets nobody mount a /proc while all that is to be seen of one is covered in places:
 * that would bare them.
 */
static const char *const options[][CONTAINER_NEEDS] = {
    [CONTAINER_DOCKER] =
        {
            [NEED_CALLS] = "--security-opt seccomp=docker-seccomp.json",
            [NEED_APPARMOR] = "--security-opt apparmor=unconfined",
            [NEED_PROC] = "--security-opt systempaths=unconfined",
            [NEED_CGROUP] =
                "--cgroupns=private --security-opt writable-cgroups=true (Docker 28+, cgroup v2)",
            [NEED_IDS] = SUBIDS("USER:100000:65536"),
            [NEED_HOST] = "no option: run belljar on the host itself, as root",
        },
    [CONTAINER_PODMAN] =
        {
            [NEED_CALLS] = "--security-opt seccomp=docker-seccomp.json",
            [NEED_APPARMOR] = "--security-opt apparmor=unconfined",
            [NEED_PROC] = "--security-opt unmask=ALL",
            [NEED_CGROUP] = "--cgroupns=private --security-opt unmask=/sys/fs/cgroup (cgroup v2)",
            [NEED_IDS] = SUBIDS("USER:100000:65536"),
            [NEED_HOST] = "no option: run belljar on the host itself, as root",
        },
    [CONTAINER_KUBERNETES] =
        {
            [NEED_CALLS] = ("securityContext.seccompProfile: " PROFILE),
            [NEED_APPARMOR] = "securityContext.appArmorProfile: {type: Unconfined}",
            [NEED_PROC] = "hostUsers: false, securityContext.procMount: Unmasked",
            [NEED_CGROUP] =
                "a RuntimeClass whose containerd has cgroup_writable = true (cgroup v2)",
            [NEED_IDS] = SUBIDS("USER:10000:50000"),
            [NEED_HOST] = "no option: run belljar on the host itself, as root",
        },
};

const char *container_name(enum container c)
{
    static const char *const names[] = {
        [CONTAINER_NONE] = "",
        [CONTAINER_DOCKER] = "Docker",
        [CONTAINER_PODMAN] = "Podman",
        [CONTAINER_KUBERNETES] = "Kubernetes",
    };
    return names[c];
}

const char *container_option(enum container c, enum container_need need)
{
    return options[c][need];
}

/* Gives "" where it cannot be read. */
static void mounts_read(struct buf *ret)
{
    struct err e;
    if (fd_read_path("/proc/self/mountinfo", PROC_FILE_BYTES, ret, &e) < 0) {
        buf_add(ret, "", 0);
    }
}

bool container_mounts_etc(const char *mountinfo)
{
    struct mount_entry m;
    while (mount_next(&mountinfo, &m)) {
        if (strcmp(m.point, "/etc/hosts") == 0) {
            return true;
        }
    }
    return false;
}

/*
 * Each engine mounts an /etc/hosts of its own.  The mark alone would not do: it stays in a file
 * system that was made of a container and is now the disk of a machine.
 */
enum container container_detect(void)
{
    AUTO(buf_done) struct buf mounts = {0};
    mounts_read(&mounts);
    if (!container_mounts_etc(mounts.data)) {
        return CONTAINER_NONE;
    }
    /* Before the others: whichever engine does the work below a pod, nobody gives it options. */
    if (getenv("KUBERNETES_SERVICE_HOST")) { /* NOLINT(concurrency-mt-unsafe): nobody sets it */
        return CONTAINER_KUBERNETES;
    }
    for (size_t i = 0; i < ARRAY_LEN(engines); i++) {
        if (access(engines[i].mark, F_OK) == 0) {
            return engines[i].kind;
        }
    }
    return CONTAINER_NONE;
}

bool container_has_cgroup(void)
{
    AUTO(buf_done) struct buf mounts = {0};
    mounts_read(&mounts);
    const char *at = mounts.data;
    struct mount_entry m;
    struct statvfs fs;
    while (mount_next(&at, &m)) {
        bool cgroup = strcmp(m.type, "cgroup") == 0 || strcmp(m.type, "cgroup2") == 0;
        if (cgroup && statvfs(m.point, &fs) == 0 && !(fs.f_flag & ST_RDONLY)) {
            return true;
        }
    }
    return false;
}

bool container_proc_is_whole(const char *mountinfo)
{
    struct mount_entry m;
    while (mount_next(&mountinfo, &m)) {
        if (str_starts(m.point, "/proc/")) {
            return false;
        }
    }
    return true;
}

bool container_has_proc(void)
{
    AUTO(buf_done) struct buf mounts = {0};
    mounts_read(&mounts);
    return container_proc_is_whole(mounts.data);
}

static void apparmor_profile(struct buf *ret)
{
    struct err e;
    if (fd_read_path("/proc/self/attr/current", 4096, ret, &e) < 0) {
        buf_add(ret, "", 0); /* a kernel without AppArmor */
    }
}

bool container_has_apparmor(void)
{
    AUTO(buf_done) struct buf profile = {0};
    apparmor_profile(&profile);
    return profile.len > 0 && !str_starts(profile.data, "unconfined");
}

bool container_profile_refuses_mounts(enum container c)
{
    static const char *const profiles[] = {"docker-default", "containers-default-", "crio-default",
                                           "cri-containerd.apparmor.d"};
    AUTO(buf_done) struct buf profile = {0};
    apparmor_profile(&profile);
    bool found = false;
    for (size_t i = 0; i < ARRAY_LEN(profiles); i++) {
        found = found || str_starts(profile.data, profiles[i]);
    }
    return c != CONTAINER_NONE && found;
}
