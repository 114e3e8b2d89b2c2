#pragma once
/*
 * state_dir - DIR/state of a data directory, entered as its owner.
 *
 * It belongs to the server's user, who handles foreign bytes: root must not follow a link that was
 * put there.  So it becomes the working directory and its owner the effective user until
 * state_dir_step_back.  What the operator named is opened before, as the operator.
 */
#include <stdbool.h>

#include "base/log.h"

struct err;

struct state_dir {
    bool entered; /* zero-initialised: no */
    int fd;
    bool became;  /* another user ... */
    unsigned gid; /* ... than of this group */
    struct log audit;
};

/* `make`: the directories are made when they are not there; else ERR_NOT_FOUND. */
int state_dir_enter(struct state_dir *s, const char *data, bool make, struct err *e);
/* The operator again: no further file may be opened in there. */
void state_dir_step_back(struct state_dir *s);
void state_dir_leave(struct state_dir *s); /* twice is fine */
