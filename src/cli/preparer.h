#pragma once
/*
 * preparer - `belljar prepare` in the background of a server: a while after its start, and after
 * packages have changed, when the machine has nothing better to do.
 *
 * A child does it, which steps behind everything else.  A timer runs only until it is made, and
 * while the machine is too busy for one.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "base/loop.h"
#include "runtimes/package_watch.h"

struct config;
struct err;
struct log;
struct owned_dir;

struct preparer {
    struct loop *loop;
    const struct config *config;
    const struct owned_dir *dir;
    const struct log *log;
    struct package_watch watch;
    struct loop_timer when;
    struct loop_io exit_io;
    pid_t pid;
    int pidfd;                  /* -1: there is no child */
    bool due;                   /* preparer_run is to be called */
    void (*changed)(void *ctx); /* it is due, or its child has ended */
    void *ctx;
};

/* Nothing runs yet: preparer_stop and preparer_done are then fine. */
void preparer_init(struct preparer *p, void (*changed)(void *ctx), void *ctx);
/* Not where there is no directory of ours, or prepare.auto is off. */
void preparer_begin(struct preparer *p, struct loop *loop, const struct config *config,
                    const struct owned_dir *dir, const struct log *log);
/* Makes the child; not from the loop, whose stack it would keep. */
void preparer_run(struct preparer *p);
/* No more children; the one that is there is asked to end, or killed. */
void preparer_stop(struct preparer *p, bool kill);
void preparer_done(struct preparer *p); /* waits for it */
