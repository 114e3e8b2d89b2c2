#pragma once
/*
 * procfs - /proc of a box: its own processes, and of the rest only what runtimes need.
 */
#include <stdint.h>

struct err;

/*
 * The masks are an empty file and an empty directory that lie below proc in the new root: inodes of
 * this box alone.  `top_fd` is the old root.  Leaves the working directory in the new /proc.
 */
int procfs_mount(int top_fd, int root_fd, uint64_t weaken, struct err *e);
