/* SPDX-License-Identifier: Apache-2.0 */
#include "boxd/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "boxproto/egress_config.h"

static const struct network {
    unsigned char family, bits, bytes;
    const char *guest, *gateway;
} networks[] = {
    {AF_INET, EGRESS_BITS, 4, EGRESS_GUEST, EGRESS_GATEWAY},
    {AF_INET6, EGRESS_BITS6, 16, EGRESS_GUEST6, EGRESS_GATEWAY6},
};

/* rtnetlink(7): each with one attribute, an address. */
struct address_message {
    struct nlmsghdr head;
    struct ifaddrmsg body;
    struct rtattr attribute;
    unsigned char value[16];
};
struct route_message {
    struct nlmsghdr head;
    struct rtmsg body;
    struct rtattr attribute;
    unsigned char value[16];
};

static int ask(int sock, struct nlmsghdr *m, uint16_t type, size_t len, struct err *e)
{
    struct {
        struct nlmsghdr head;
        struct nlmsgerr error;
        struct address_message question;
    } answer = {0};
    m->nlmsg_type = type;
    m->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE;
    m->nlmsg_len = (uint32_t)len;
    if (send(sock, m, len, 0) < 0 || recv(sock, &answer, sizeof(answer), 0) < 0) {
        return err_sys(e, "rtnetlink");
    }
    errno = -answer.error.error;
    return errno != 0 ? err_sys(e, "addresses and routes of a tap device") : 0;
}

/* NODAD: without asking for a second whether somebody else has the address. */
static int network_add(int sock, int index, const struct network *n, struct err *e)
{
    struct address_message own = {
        .body = {n->family, n->bits, IFA_F_NODAD, RT_SCOPE_UNIVERSE, (unsigned)index},
        .attribute = {(unsigned short)RTA_LENGTH(n->bytes), IFA_LOCAL}};
    struct route_message way = {.body = {.rtm_family = n->family,
                                         .rtm_table = RT_TABLE_MAIN,
                                         .rtm_protocol = RTPROT_BOOT,
                                         .rtm_type = RTN_UNICAST},
                                .attribute = {(unsigned short)RTA_LENGTH(n->bytes), RTA_GATEWAY}};
    inet_pton(n->family, n->guest, own.value);
    inet_pton(n->family, n->gateway, way.value);
    size_t without = sizeof(own.value) - n->bytes;
    int r = ask(sock, &own.head, RTM_NEWADDR, sizeof(own) - without, e);
    if (r < 0 && n->family == AF_INET6) {
        return 0; /* it is off here */
    }
    return r < 0 ? r : ask(sock, &way.head, RTM_NEWROUTE, sizeof(way) - without, e);
}

int tap_make(int *ret_fd, struct err *e)
{
    AUTO(fd_closep) int fd = open("/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    AUTO(fd_closep) int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    struct ifreq tap = {.ifr_name = "eth0", .ifr_flags = IFF_TAP | IFF_NO_PI};
    struct ifreq up = {.ifr_name = "eth0", .ifr_flags = IFF_UP};
    if (fd < 0 || sock < 0 || ioctl(fd, TUNSETIFF, &tap) < 0 ||
        ioctl(sock, SIOCGIFINDEX, &tap) < 0 || ioctl(sock, SIOCSIFFLAGS, &up) < 0) {
        return err_sys(e, "making a tap device (/dev/net/tun)");
    }
    int r = 0;
    for (size_t i = 0; i < ARRAY_LEN(networks) && r == 0; i++) {
        r = network_add(sock, tap.ifr_ifindex, &networks[i], e);
    }
    if (r == 0) {
        *ret_fd = TAKE(&fd, -1);
    }
    return r;
}
