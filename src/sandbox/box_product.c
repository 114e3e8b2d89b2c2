/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The product of a box: an archive that init writes into a pipe, gathered in a memfd.
 *
 * It is this process that fills the memfd, so its pages are charged here and not to the box, whose
 * memory cgroup they would keep alive.  splice copies inside the kernel.
 */
#include "sandbox/sandbox_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"

#define SPLICE_BYTES ((size_t)1024 * 1024)

void box_product_init(struct box *b)
{
    b->product = (struct box_product_in){.state = STREAM_DONE, .pipe_fd = -1, .file_fd = -1};
}

void box_product_prepare(struct box *b, const struct box_program *p)
{
    if (p->collect) {
        b->product.wanted = true;
        b->product.state = STREAM_WAITING;
        b->product.some = p->collect_some;
        b->product.size_max = p->collect_bytes + (p->collect_some ? BOX_COLLECT_HEADS_MAX : 0);
    }
}

static void product_end(struct box_product_in *p)
{
    loop_io_remove(&p->io);
    fd_closep(&p->pipe_fd);
    p->state = STREAM_DONE;
}

static int product_seal(struct box_product_in *p, struct err *e)
{
    int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    return fcntl(p->file_fd, F_ADD_SEALS, seals) < 0 ? err_sys(e, "sealing a product") : 0;
}

/* 1: more may come, 0: that was all. */
static int product_read(struct box_product_in *p, struct err *e)
{
    off_t at = (off_t)p->size;
    ssize_t n = splice(p->pipe_fd, NULL, p->file_fd, &at, SPLICE_BYTES, SPLICE_F_NONBLOCK);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 1;
    }
    if (n < 0) {
        return err_sys(e, "collecting the files that the program made");
    }
    p->size += (uint64_t)n;
    if (p->size > p->size_max) {
        return err_set(e, ERR_LIMIT, "the files that the program made are more than %llu bytes",
                       (unsigned long long)p->size_max);
    }
    if (n == 0) {
        p->eof = true;
        int r = product_seal(p, e);
        return r < 0 ? r : 0;
    }
    return 1;
}

static void product_on_io(void *ctx, unsigned events)
{
    struct box *b = ctx;
    (void)events;

    struct err e;
    int r = product_read(&b->product, &e);
    if (r == 1) {
        return;
    }
    b->product.missed |= r < 0;
    if (r < 0 && !b->product.some) {
        box_set_failure(b, &e);
    }
    product_end(&b->product);
    box_progress(b);
}

int box_product_open(struct box *b, int *pipe_fd, struct err *e)
{
    struct box_product_in *p = &b->product;
    if (p->state == STREAM_DONE) {
        return 0; /* given up in the meantime: the caller closes it */
    }
    if (p->state == STREAM_OPEN) {
        return err_set(e, ERR_INVALID, "sent its product twice");
    }
    p->file_fd = memfd_create("belljar-product", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (p->file_fd < 0) {
        return err_sys(e, "memfd_create 'belljar-product'");
    }
    int r = loop_io_add(b->sandbox->loop, &p->io, *pipe_fd, EPOLLIN, product_on_io, b, e);
    if (r == 0) {
        p->pipe_fd = TAKE(pipe_fd, -1);
        p->state = STREAM_OPEN;
    }
    return r;
}

void box_product_confirm(struct box *b, bool missed)
{
    b->product.confirmed = true;
    b->product.missed |= missed;
    if (b->product.state == STREAM_WAITING) { /* it could not even be begun */
        b->product.missed = true;
        box_product_give_up(b);
    }
}

void box_product_give_up(struct box *b)
{
    product_end(&b->product);
    fd_closep(&b->product.file_fd);
}

bool box_product_done(const struct box *b)
{
    const struct box_product_in *p = &b->product;
    if (p->state != STREAM_DONE) {
        return false;
    }
    /* After EOF the word that it was all may still be on its way. */
    return !p->eof || p->confirmed || b->control.sock < 0 || b->report.failure.kind;
}
