#pragma once
/*
 * fence - what this process gives up: in the main process once, in the process of each box more.
 */
#include <stddef.h>
#include <sys/types.h>

struct err;
struct sock_filter;

/* A system call filter, ready to be loaded. */
struct fence_filter {
    struct sock_filter *code;
    size_t count;
};

enum fence_part {
    FENCE_MAIN, /* receives descriptors, makes processes */
    FENCE_BOX,  /* reads what programs send, opens sockets */
};

/* Only this user and group, no capability, none to be gained; ends with the parent. */
int fence_privileges(uid_t uid, gid_t gid, struct err *e);
/* No file is opened any more, where the kernel has Landlock; the filters refuse it in any case. */
int fence_files(struct err *e);

int fence_filter_build(enum fence_part part, struct fence_filter *ret, struct err *e);
int fence_filter_load(const struct fence_filter *filter, struct err *e);

/* So many descriptors, no process, no file, little memory. */
int fence_limits(unsigned descriptors, size_t data_bytes, struct err *e);
