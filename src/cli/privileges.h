#pragma once
/*
 * privileges - how the server process becomes nobody in particular.
 */
#include <stdbool.h>
#include <sys/types.h>

struct err;

/*
 * For ever: the user and group, no other groups, no capabilities (but for binding ports below 1024,
 * with keep_bind), none to be gained by exec.  Ends with the process whose child we are.
 */
int privileges_drop(uid_t uid, gid_t gid, bool keep_bind, pid_t parent, struct err *e);
/* The last one, once the ports are bound. */
int privileges_drop_bind(struct err *e);
