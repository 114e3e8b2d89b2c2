/* SPDX-License-Identifier: Apache-2.0 */
#include "egress/routes.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/ip.h"

#define V4_OFFSET 12 /* of an IPv4 address in struct ip */

struct question {
    struct nlmsghdr head;
    struct rtmsg route;
    struct rtattr to;
    uint8_t address[16];
};

int routes_open(int *ret_sock, struct err *e)
{
    AUTO(fd_closep) int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (sock < 0) {
        return err_sys(e, "opening the kernel's routes");
    }
    *ret_sock = TAKE(&sock, -1);
    return 0;
}

static size_t question_make(const struct ip *a, struct question *ret)
{
    bool v4 = ip_is_v4(a);
    unsigned offset = v4 ? V4_OFFSET : 0;
    size_t len = sizeof(a->bytes) - offset;
    *ret = (struct question){
        .head = {.nlmsg_type = RTM_GETROUTE,
                 .nlmsg_flags = NLM_F_REQUEST,
                 .nlmsg_len = (uint32_t)(offsetof(struct question, address) + len)},
        .route = {.rtm_family = v4 ? AF_INET : AF_INET6, .rtm_dst_len = (unsigned char)(8 * len)},
        .to = {.rta_type = RTA_DST, .rta_len = (unsigned short)RTA_LENGTH(len)},
    };
    memcpy(ret->address, a->bytes + offset, len);
    return ret->head.nlmsg_len;
}

enum route routes_ask(int sock, const struct ip *a)
{
    struct question question;
    union {
        struct nlmsghdr head;
        char bytes[4096];
    } answer;
    size_t len = question_make(a, &question);
    if (send(sock, &question, len, 0) != (ssize_t)len) {
        return ROUTE_HERE;
    }
    ssize_t n = recv(sock, &answer, sizeof(answer), 0);
    if (n >= (ssize_t)sizeof(answer.head) && answer.head.nlmsg_type == NLMSG_ERROR) {
        return ROUTE_NONE;
    }
    if (n < (ssize_t)NLMSG_LENGTH(sizeof(struct rtmsg)) || answer.head.nlmsg_type != RTM_NEWROUTE) {
        return ROUTE_HERE;
    }
    const struct rtmsg *route = NLMSG_DATA(&answer.head);
    return route->rtm_type == RTN_UNICAST ? ROUTE_OUT : ROUTE_HERE;
}
