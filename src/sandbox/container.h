#pragma once
/*
 * container - the container that we are in, and what its engine must be told for boxes to work.
 *
 * An engine takes away by default what boxes are made of: system calls that make namespaces, a
 * /proc that may be mounted again, a cgroup tree that may be written.  Each has an option of its
 * own; none is --privileged.
 */
#include <stdbool.h>

enum container { CONTAINER_NONE, CONTAINER_DOCKER, CONTAINER_PODMAN, CONTAINER_KUBERNETES };

/* In the order in which they are told. */
enum container_need {
    NEED_NOTHING,
    NEED_CALLS,    /* unshare, mount and their like */
    NEED_APPARMOR, /* mount, which the engine's profile refuses */
    NEED_PROC,
    NEED_CGROUP,
    NEED_IDS,
    NEED_HOST, /* no option gives it */
};
#define CONTAINER_NEEDS (NEED_HOST + 1)

/* By the marks that engines leave.  Another engine's container counts as no container. */
enum container container_detect(void);
const char *container_name(enum container c); /* "Docker" */
/* What to add; NULL when no option would help. */
const char *container_option(enum container c, enum container_need need);

/* Without boxd: whether this container may write its cgroups, and mount a /proc. */
bool container_has_cgroup(void);
bool container_has_proc(void);
bool container_mounts_etc(const char *mountinfo);    /* as engines do */
bool container_proc_is_whole(const char *mountinfo); /* of its text: nothing covers a part of it */
bool container_has_apparmor(void);                   /* a profile confines us */
/* It is one that an engine gives by default. */
bool container_profile_refuses_mounts(enum container c);
