#pragma once
/*
 * fd - descriptors: -1 is none, all are O_CLOEXEC from birth.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct buf;
struct err;

void fd_close(int fd);   /* -1 is fine; errno is kept */
void fd_closep(int *fd); /* for AUTO; sets -1 */
int fd_set_nonblock(int fd, bool on, struct err *e);

/* The whole of it, through short writes and EINTR. */
int fd_write_all(int fd, const void *data, size_t len, struct err *e);
/* Until EOF or `max` bytes; more than max is ERR_LIMIT. */
int fd_read_all(int fd, size_t max, struct buf *ret, struct err *e);
int fd_read_path(const char *path, size_t max, struct buf *ret, struct err *e);

/* A memfd that holds `len` bytes, position 0; `sealed` against every change. */
int fd_memfd(const char *name, const void *data, size_t len, bool sealed, int *ret_fd,
             struct err *e);
/* Likewise, of one that was made empty and not sealed; seals it. */
int fd_memfd_fill(int fd, const void *data, size_t len, struct err *e);

/*
 * One packet of a SOCK_SEQPACKET socket, with up to FD_PASS_MAX descriptors.
 * fd_send: ERR_BUSY when the socket's buffer is full (never blocks), ERR_GONE
 * when the peer is.  fd_recv: gives the length, 0 at EOF; ERR_BUSY when nothing
 * is there (with MSG_DONTWAIT in flags); a packet that was cut, or that carries more
 * descriptors than *fd_count had room for, is ERR_INVALID and its descriptors are closed.
 * fd_recv sets *fd_count to how many arrived.
 */
#define FD_PASS_MAX 8
int fd_send(int sock, const void *data, size_t len, const int *fds, size_t fd_count, struct err *e);
int fd_recv(int sock, void *data, size_t cap, size_t *ret_len, int *fds, size_t *fd_count,
            int flags, struct err *e);
int fd_seqpacket_pair(int ret_pair[2], struct err *e);
/*
 * Likewise, for [0] to be kept and [1] to be given to who is not trusted: where the kernel can
 * (Linux 6.16) no descriptor is sent to [0].  Closing one, even unseen, could hold us up: a TCP
 * socket lingers.
 */
int fd_seqpacket_pair_guarded(int ret_pair[2], struct err *e);
