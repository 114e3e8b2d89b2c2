#pragma once
/*
 * outlet - bytes to stdout or stderr without ever blocking the loop, and without changing the
 * descriptor: O_NONBLOCK would be seen by everybody who shares it, such as the shell.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/loop.h"

/* More than this waiting, and outlet_write asks its caller to pause. */
#define OUTLET_FULL ((size_t)256 << 10)

struct outlet {
    struct loop *loop;
    int fd;
    struct loop_io io;
    struct buf pending;
    bool direct;                /* a file: epoll cannot watch it, and it never blocks */
    bool broken;                /* nobody reads any more: what comes is dropped */
    void (*drained)(void *ctx); /* nothing waits any more */
    void (*broke)(void *ctx);
    void *ctx;
};

/* Set loop, fd and the three last before the first write.  False: pause until `drained`. */
bool outlet_write(struct outlet *o, const char *data, size_t len);
bool outlet_empty(const struct outlet *o);
void outlet_done(struct outlet *o);
