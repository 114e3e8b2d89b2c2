#pragma once
/*
 * prove_process - the processes of a `belljar serve`, as /proc shows them from outside.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct buf;

#define PROVE_PROCESSES_MAX 1024
#define PROVE_NAME_MAX      32

/* The parent and all below it, the parent first; how many. */
size_t prove_processes(pid_t parent, pid_t ret[PROVE_PROCESSES_MAX]);
/* "parent", "server", "boxd", "boxd-netns" ...; false when it has just ended. */
bool prove_process_name(pid_t parent, pid_t pid, char ret[PROVE_NAME_MAX]);

/* Of /proc/PID; false when it is gone, or not ours to read.  *ret is cleared before. */
bool prove_process_read(pid_t pid, const char *file, struct buf *ret);
/* The number in base `base` behind "Key:" in the text of a status file; false: no such line. */
bool prove_status_number(const char *status, const char *key, int base, unsigned long long *ret);

/* What the links of /proc/PID/`folder` point to; false when it is not ours to read. */
typedef void prove_link_fn(void *ctx, const char *target);
bool prove_process_links(pid_t pid, const char *folder, prove_link_fn *fn, void *ctx);
