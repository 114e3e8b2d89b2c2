/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/event_out.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

static bool wait_writable(int fd, uint64_t until_ns)
{
    uint64_t now = clock_mono_ns(&clock_system);
    struct pollfd look = {.fd = fd, .events = POLLOUT};
    return now < until_ns && poll(&look, 1, (int)((until_ns - now) / NS_PER_MS) + 1) != 0;
}

/* A pipe takes what is no longer than PIPE_BUF whole or not at all; all but ends are. */
static void line_write(int fd, const char *line, size_t len, uint64_t wait_ms)
{
    uint64_t until_ns = clock_mono_ns(&clock_system) + wait_ms * NS_PER_MS;
    while (len > 0) {
        ssize_t n = write(fd, line, len);
        if (n > 0) {
            line += n;
            len -= (size_t)n;
        } else if (n == 0 || (errno != EINTR && errno != EAGAIN) ||
                   (errno == EAGAIN && !wait_writable(fd, until_ns))) {
            return;
        }
    }
}

void event_out(int fd, const json_t *event, uint64_t wait_ms)
{
    char *line = json_dumps(event, JSON_COMPACT);
    if (!line) {
        return;
    }
    size_t len = strlen(line);
    line[len] = '\n'; /* in the place of its end */
    line_write(fd, line, len + 1, wait_ms);
    free(line);
}
