/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"

#define READ_CHUNK 16384

void fd_close(int fd)
{
    if (fd < 0) {
        return;
    }
    int saved = errno;
    close(fd); /* never again on EINTR: Linux has freed the number by then */
    errno = saved;
}

void fd_closep(int *fd)
{
    fd_close(*fd);
    *fd = -1;
}

int fd_set_nonblock(int fd, bool on, struct err *e)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0) {
        return err_sys(e, "reading the flags of descriptor %d", fd);
    }
    int wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
    if (wanted != flags && fcntl(fd, F_SETFL, wanted) < 0) {
        return err_sys(e, "setting the flags of descriptor %d", fd);
    }
    return 0;
}

int fd_write_all(int fd, const void *data, size_t len, struct err *e)
{
    const char *p = data;
    while (len > 0) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return err_sys(e, "writing to descriptor %d", fd);
        }
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

static int read_until_eof(int fd, size_t max, struct buf *ret, struct err *e)
{
    size_t got = 0;
    for (;;) {
        /* One byte over max tells "exactly max" from "more". */
        size_t want = max - got < READ_CHUNK ? max - got + 1 : READ_CHUNK;
        char *room = buf_reserve(ret, want);
        ssize_t n = read(fd, room, want);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return err_sys(e, "reading descriptor %d", fd);
        }
        if (n == 0) {
            return 0;
        }
        got += (size_t)n;
        buf_commit(ret, (size_t)n);
        if (got > max) {
            return err_set(e, ERR_LIMIT, "descriptor %d has more than %zu bytes", fd, max);
        }
    }
}

int fd_read_all(int fd, size_t max, struct buf *ret, struct err *e)
{
    size_t before = ret->len;
    int r = read_until_eof(fd, max, ret, e);
    if (r < 0) {
        ret->len = before;
        ret->data[before] = '\0';
        return r;
    }
    buf_add(ret, "", 0); /* also an empty file gives a string */
    return 0;
}

int fd_read_path(const char *path, size_t max, struct buf *ret, struct err *e)
{
    AUTO(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return err_sys(e, "open '%s'", path);
    }
    if (fd_read_all(fd, max, ret, e) < 0) {
        return err_wrap(e, "'%s'", path);
    }
    return 0;
}

/* With pwrite the position stays at 0 for whoever gets the descriptor. */
static int pwrite_all(int fd, const char *data, size_t len, struct err *e)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = pwrite(fd, data + done, len - done, (off_t)done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return err_sys(e, "filling a memfd");
        }
        done += (size_t)n;
    }
    return 0;
}

static int memfd_seal(int fd, struct err *e)
{
    int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    return fcntl(fd, F_ADD_SEALS, seals) < 0 ? err_sys(e, "sealing a memfd") : 0;
}

int fd_memfd_fill(int fd, const void *data, size_t len, struct err *e)
{
    int r = pwrite_all(fd, data, len, e);
    return r < 0 ? r : memfd_seal(fd, e);
}

int fd_memfd(const char *name, const void *data, size_t len, bool sealed, int *ret_fd,
             struct err *e)
{
    AUTO(fd_closep) int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        return err_sys(e, "memfd_create '%s'", name);
    }
    int r = sealed ? fd_memfd_fill(fd, data, len, e) : pwrite_all(fd, data, len, e);
    if (r < 0) {
        return err_wrap(e, "memfd '%s'", name);
    }
    *ret_fd = TAKE(&fd, -1);
    return 0;
}

/* Room for one SCM_RIGHTS of FD_PASS_MAX descriptors, aligned as the kernel wants it. */
union fd_control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(FD_PASS_MAX * sizeof(int))];
};

static void control_fill(struct msghdr *msg, union fd_control *control, const int *fds,
                         size_t fd_count)
{
    memset(control, 0, sizeof(*control));
    msg->msg_control = control->bytes;
    msg->msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
    struct cmsghdr *c = &control->align;
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
    memcpy(CMSG_DATA(c), fds, fd_count * sizeof(int));
}

static int socket_failed(const char *what, struct err *e)
{
    switch (errno) {
    case EAGAIN:
    case ENOBUFS:
        return err_set(e, ERR_BUSY, "%s: nothing can pass now", what);
    case EPIPE:
    case ECONNRESET:
    case ENOTCONN:
        return err_set(e, ERR_GONE, "%s: the other side is gone", what);
    default:
        return err_sys(e, "%s", what);
    }
}

int fd_send(int sock, const void *data, size_t len, const int *fds, size_t fd_count, struct err *e)
{
    if (fd_count > FD_PASS_MAX) {
        return err_set(e, ERR_BUG, "%zu descriptors in one packet, %d is the limit", fd_count,
                       FD_PASS_MAX);
    }
    char *bytes;
    memcpy(&bytes, &data, sizeof(bytes)); /* an iovec has no const form */
    struct iovec iov = {bytes, len};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    union fd_control control;
    if (fd_count > 0) {
        control_fill(&msg, &control, fds, fd_count);
    }
    ssize_t n;
    do {
        n = sendmsg(sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? socket_failed("sending a packet", e) : 0;
}

static size_t control_take(struct msghdr *msg, int got[FD_PASS_MAX])
{
    size_t count = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        size_t here = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < here && count < FD_PASS_MAX; i++) {
            memcpy(&got[count++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
        }
    }
    return count;
}

int fd_recv(int sock, void *data, size_t cap, size_t *ret_len, int *fds, size_t *fd_count,
            int flags, struct err *e)
{
    struct iovec iov = {data, cap};
    union fd_control control;
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof(control.bytes)};
    ssize_t n;
    do {
        n = recvmsg(sock, &msg, flags | MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return socket_failed("receiving a packet", e);
    }

    int got[FD_PASS_MAX];
    size_t count = control_take(&msg, got);
    size_t room = fd_count != NULL ? *fd_count : 0;
    if ((msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || count > room) {
        for (size_t i = 0; i < count; i++) {
            fd_close(got[i]);
        }
        return err_set(e, ERR_INVALID, "a packet is larger than it may be");
    }
    if (count > 0) {
        memcpy(fds, got, count * sizeof(int));
    }
    if (fd_count != NULL) {
        *fd_count = count;
    }
    *ret_len = (size_t)n;
    return 0;
}

int fd_seqpacket_pair(int ret_pair[2], struct err *e)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        return err_sys(e, "socketpair");
    }
    ret_pair[0] = pair[0];
    ret_pair[1] = pair[1];
    return 0;
}

/* Linux 6.16; newer than the oldest headers that we build with. */
#define PASS_RIGHTS 83

int fd_seqpacket_pair_guarded(int ret_pair[2], struct err *e)
{
    int pair[2] = {-1, -1}, off = 0;
    int r = fd_seqpacket_pair(pair, e);
    if (r < 0) {
        return r;
    }
    if (setsockopt(pair[0], SOL_SOCKET, PASS_RIGHTS, &off, sizeof(off)) < 0 &&
        errno != ENOPROTOOPT) {
        r = err_sys(e, "refusing descriptors");
        close(pair[0]);
        close(pair[1]);
        return r;
    }
    ret_pair[0] = pair[0];
    ret_pair[1] = pair[1];
    return 0;
}
