/* SPDX-License-Identifier: Apache-2.0 */
#include "egress/guard.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ip.h"
#include "egress/reach.h"

/* The one global of this program: the calls of a library carry no context of ours. */
static struct reach *guarding;

void guard_begin(struct reach *reach)
{
    guarding = reach;
}

static bool may_go(const struct sockaddr *address, socklen_t len)
{
    struct sockaddr_storage copy = {0};
    struct ip a;
    if (len > sizeof(copy)) {
        return false;
    }
    memcpy(&copy, address, len);
    return guarding && ip_of_sockaddr((const struct sockaddr *)&copy, &a) &&
           reach_allows(guarding, &a, clock_mono_ns(&clock_system));
}

int guard_connect(int sock, const struct sockaddr *address, socklen_t len)
{
    return (int)syscall(SYS_connect, sock, address, len);
}

/* In place of libc's, for the libraries of this program too. */
int connect(int sock, const struct sockaddr *address, socklen_t len)
{
    if (!may_go(address, len)) {
        errno = EACCES;
        return -1;
    }
    return guard_connect(sock, address, len);
}

ssize_t sendto(int sock, const void *data, size_t size, int flags, const struct sockaddr *address,
               socklen_t len)
{
    if (address && !may_go(address, len)) {
        errno = EACCES;
        return -1;
    }
    return syscall(SYS_sendto, sock, data, size, flags, address, len);
}
