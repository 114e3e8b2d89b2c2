#pragma once
/*
 * procfs - /proc of a box: its own processes, and of the rest only what runtimes need.
 */
#include <stdint.h>

struct err;

/*
 * The masks are paths of an empty file and an empty directory, of this box alone, on a mount that
 * is read-only already.  Leaves the working directory in the new /proc.
 */
int procfs_mount(int root_fd, const char *mask_file, const char *mask_directory, uint64_t weaken,
                 struct err *e);
