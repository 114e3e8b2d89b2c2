/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"

void client_step(struct loop *loop)
{
    struct err e = {0};
    assert_int_equal(loop_step(loop, 10 * NS_PER_S, &e), 0);
}

int client_dial(const struct address *address)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address->sa, address->len), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

void client_say(struct loop *loop, int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        } else if (errno == EAGAIN) {
            client_step(loop);
        } else {
            return; /* refused by now: the answer says why */
        }
    }
}

bool client_hear_some(int fd, struct buf *in, bool *ret_ended)
{
    char *room = buf_reserve(in, 65536);
    ssize_t n = recv(fd, room, 65536, 0);
    if (n < 0 && errno == EAGAIN) {
        return false;
    }
    *ret_ended = n <= 0;
    buf_commit(in, n > 0 ? (size_t)n : 0);
    return n > 0;
}

/* True when one whole answer with Content-Length is in `in`; its size then. */
static bool answer_whole(const struct buf *in, size_t *ret_size)
{
    const char *end = in->len > 0 ? strstr(in->data, "\r\n\r\n") : NULL;
    if (end == NULL) {
        return false;
    }
    const char *field = strcasestr(in->data, "\r\nContent-Length: ");
    size_t body = field != NULL && field < end ? strtoul(field + 18, NULL, 10) : 0;
    *ret_size = (size_t)(end + 4 - in->data) + body;
    return in->len >= *ret_size;
}

char *client_hear(struct loop *loop, int fd, struct buf *in)
{
    size_t size = 0;
    bool ended = false;
    while (!answer_whole(in, &size) && !ended) {
        if (!client_hear_some(fd, in, &ended) && !ended) {
            client_step(loop);
        }
    }
    if (ended && size == 0) {
        size = in->len;
    }
    char *answer = xstrndup(in->data != NULL ? in->data : "", size);
    buf_consume(in, size);
    return answer;
}
