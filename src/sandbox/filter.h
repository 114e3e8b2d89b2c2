#pragma once
/*
 * filter - the system call filter of a box, as a BPF program in a sealed memfd.
 *
 * An allow list (syscalls.def): what is known and refused gives EPERM, what is unknown ENOSYS,
 * clone3 ENOSYS, foreign architectures and x32 end the process.  Built once, as balanced trees
 * (about 2 ms); each init loads it from the memfd (struct sock_filter[], 0.07 ms) and its program
 * inherits it.
 */
#include <stdbool.h>
#include <stdint.h>

struct err;

/* weaken: of a test build (boxproto/weaken.h), else 0. */
int filter_build(uint64_t weaken, int *ret_memfd, struct err *e);

/* Of boxd, which its boxes inherit: what a box may do and boxd_calls.def. */
int filter_build_boxd(uint64_t weaken, int *ret_memfd, struct err *e);
/* Of its maker of network namespaces (maker_calls.def): anything else ends it. */
int filter_build_maker(bool taps, int *ret_memfd, struct err *e);
