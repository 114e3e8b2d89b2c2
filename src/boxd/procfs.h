#pragma once
/*
 * procfs - /proc of a box: its own processes, and of the rest only what runtimes need.
 */
struct err;

/* `storage` has "mask" (an empty directory) and "mask-file" (an empty file), of this box alone. */
int procfs_mount(int root_fd, int storage_fd, struct err *e);
