#pragma once
/*
 * channel - init's two sockets: BOX_FD_WATCH to boxd, BOX_FD_CONTROL to the server.
 *
 * Whoever waits here listens to both: when either peer is gone, or says what it may not say, the
 * process ends at once, and init with it (program.c), and so the box.  (The parent-death signal
 * cannot do this: a change of uid clears it.)
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/fd.h"

/* Ends the process, and says nothing: there is nobody to tell. */
_Noreturn void channel_end(void);

#define CHANNEL_BOTH 0 /* for channel_wait: either socket */

/* Blocks until `sock` or `extra_fd` (-1: none) can be read; returns which. */
int channel_wait(int sock, int extra_fd);
/* Likewise; -1: neither could in that time. */
int channel_wait_ms(int sock, int extra_fd, int timeout_ms);

/*
 * The next message of `sock`, of a type within types_mask, into `packet` of `cap` bytes.
 * `fds` has room for FD_PASS_MAX when ret_fd_count is not NULL; else descriptors are refused.
 */
size_t channel_recv(int sock, uint32_t types_mask, void *packet, size_t cap, int *fds,
                    size_t *ret_fd_count);

/* Sends a message that is nothing but its type, with descriptors. */
int channel_send(int sock, uint32_t type, const int *fds, size_t fd_count, struct err *e);
void channel_send_failed(int sock, const struct err *why);
