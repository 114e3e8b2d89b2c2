#pragma once
/*
 * guard - the last look at an address, at the system calls themselves.
 *
 * What a frame says was looked at before libslirp saw it.  Should libslirp mean another address
 * than we read, its connect and sendto, which are ours in this program, still refuse it (EACCES).
 */
#include <sys/socket.h>

struct reach;

/* From now on; before it nothing is allowed. */
void guard_begin(struct reach *reach);
/* connect(2) to a resolver of the operator's, wherever that is. */
int guard_connect(int sock, const struct sockaddr *address, socklen_t len);
