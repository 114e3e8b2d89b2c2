#pragma once
/*
 * package_watch - tells when a file of a directory has been put in place, or any was: the host's
 * packages have changed when dpkg has a new "status".
 *
 * dpkg does that several times in one run; they are one change here, told a moment after the last.
 */
#include "base/loop.h"

struct err;

struct package_watch {
    struct loop *loop;
    int fd; /* of inotify; -1: none */
    struct loop_io io;
    struct loop_timer settle;
    const char *name;   /* NULL: any */
    uint64_t settle_ns; /* how long it must be quiet; may be changed after the start */
    loop_fn *fn;
    void *ctx;
};

#define PACKAGE_WATCH_DPKG "status"

/* `name`: NULL is any that does not begin with a dot.  ERR_NOT_FOUND on a host without dpkg.  The
 * watch must stay where it is. */
int package_watch_start(struct package_watch *w, struct loop *loop, const char *dir,
                        const char *name, loop_fn *fn, void *ctx, struct err *e);
void package_watch_stop(struct package_watch *w); /* one that never started is fine, when zeroed */
