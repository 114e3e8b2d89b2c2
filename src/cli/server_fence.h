#pragma once
/*
 * server_fence - what the server process may open: Landlock around it.
 *
 * It writes to the state directory and nowhere else, runs no file, and reads what libc, OpenSSL and
 * the answers about this machine need.  Signals and abstract sockets of others are out of reach
 * where the kernel can do that (Linux 6.12).
 */
#include <stdbool.h>

struct err;

/*
 * For ever, and for all threads that the caller makes from now on; no_new_privs must be set.
 * `packages_fd`: the package store, which it reads; -1: there is none.  *ret_fenced: false on a
 * kernel without Landlock, which doctor has told.
 */
int server_fence(int state_fd, int packages_fd, bool *ret_fenced, struct err *e);
