#pragma once
/*
 * fence - what keeps foreign code, and our code that handles foreign files, in its place: the
 * system call filter, Landlock, and the program's ids without any capability.
 *
 * The filter holds for init too and for all that comes after it.  Landlock and the ids are only
 * for children of init: init must signal and reap across that border.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

struct fence {
    bool two_ids; /* init and the program have ids of their own */
    bool stage;   /* the program may write to all of the root */
    int ruleset;  /* -1: this kernel has no Landlock, or only its first version; doctor says so */
    uint64_t weaken; /* of a test build (boxproto/weaken.h) */
};

/*
 * Fills f->ruleset, and drops what groups init still has.  Before the filter: what that refuses
 * would look like an old kernel.
 */
int fence_prepare(struct fence *f, struct err *e);
/* The calling process becomes the box's user, for good. */
int fence_enter(const struct fence *f, struct err *e);
