#pragma once
/*
 * below - paths that cannot lead out of a directory, whatever the links in it say.
 */
#include <sys/types.h>

/*
 * openat2 with every guard there is: beneath `dir`, no symbolic link, no other mount.  Returns a
 * descriptor (O_CLOEXEC) or -1 with errno.
 */
int below_open(int dir, const char *path, int flags, mode_t mode);
/*
 * The name itself (O_PATH), whatever it is; links on the way lead to where they lead for who has
 * `dir` as root.
 */
int below_look(int dir, const char *path);
