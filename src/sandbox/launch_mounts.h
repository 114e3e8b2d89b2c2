#pragma once
/*
 * launch_mounts - what /proc/self/mountinfo and /proc/self/cgroup say.  Pure functions of their
 * text.
 */
#include <stdbool.h>
#include <stddef.h>

#define MOUNT_PATH_MAX 4096

struct mount_entry {
    char root[MOUNT_PATH_MAX];  /* which directory of the file system is mounted */
    char point[MOUNT_PATH_MAX]; /* where */
    char type[64];
    char options[1024]; /* of the file system: "rw,cpu,cpuacct" */
};

/* The next line of `*text`; false at the end.  Lines that are too long are skipped. */
bool mount_next(const char **text, struct mount_entry *ret);
/* Whether `option` is one of the words of `options`. */
bool mount_has_option(const char *options, const char *option);
/* The path of /proc/<pid>/cgroup for a v1 controller, or for "" the v2 one; false when there is
 * none. */
bool cgroup_path_of(const char *text, const char *controller, char ret[MOUNT_PATH_MAX]);
