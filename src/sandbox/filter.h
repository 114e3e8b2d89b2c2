#pragma once
/*
 * filter - the system call filter of a box, as a BPF program in a sealed memfd.
 *
 * An allow list (syscalls.def): what is known and refused gives EPERM, what is unknown ENOSYS,
 * clone3 ENOSYS, foreign architectures and x32 end the process.  Built once, as a balanced tree
 * (libseccomp, about 2 ms); each init loads it from the memfd (struct sock_filter[], 0.2 ms) and
 * its program inherits it.
 */
#include <stdint.h>

struct err;

/* weaken: of a test build (boxproto/weaken.h), else 0. */
int filter_build(uint64_t weaken, int *ret_memfd, struct err *e);
