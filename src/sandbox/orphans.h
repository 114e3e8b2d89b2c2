#pragma once
/*
 * orphans - what a boxd leaves behind when it dies: the inits of its boxes and its helper, which
 * end by themselves a moment later.  They become our children, so that the end of this process is
 * the end of all.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct log;

/* SIGCHLD is blocked from then on. */
int orphans_adopt(struct err *e);
/* Buries those that have ended, but not `kept`, whose pidfds tell of their end. */
void orphans_bury(const pid_t *kept, size_t kept_count);
/* Waits for all children to end; kills what is left after `patience_ns`. */
void orphans_end(uint64_t patience_ns, const struct log *log);
