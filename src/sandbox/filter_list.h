#pragma once
/*
 * filter_list - a list of calls, each with an action, as a BPF program.
 *
 * The numbers of neighbours mostly share an action, so it searches among ranges of numbers: 100
 * instructions where libseccomp, which compares each number, needs 450.  The kernel translates the
 * program for each box anew: this is 0.06 ms of every box.
 */
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

struct filter_call {
    uint32_t number, action;
};

/*
 * Appends it to `ret`.  Sorts the calls, of which no number may be there twice.  `otherwise`: what
 * becomes of all others; `foreign`: of those of other architectures, x32 among them.
 */
int filter_list_bytes(struct filter_call *calls, size_t count, uint32_t otherwise, uint32_t foreign,
                      struct buf *ret, struct err *e);
