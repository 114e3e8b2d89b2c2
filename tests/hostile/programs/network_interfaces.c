/*
 * threat: E3
 * defence: a network namespace of the box's own with nothing but lo
 * tries: list interfaces, addresses and hardware addresses, and change them
 * must: lo alone; nothing can be changed
 * hides: mac hostname
 * off: netns
 */
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
static void change(int fd, const char *what, unsigned long number, struct ifreq *request)
{
    if (ioctl(fd, number, request) == 0) {
        printf("LEAK: %s\n", what);
    }
}
int main(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    for (int index = 1; index < 200; index++) {
        struct ifreq request = {.ifr_ifindex = index};
        if (ioctl(fd, SIOCGIFNAME, &request) < 0) {
            continue;
        }
        ioctl(fd, SIOCGIFHWADDR, &request);
        const unsigned char *mac = (unsigned char *)request.ifr_hwaddr.sa_data;
        printf("%d %s %02x:%02x:%02x:%02x:%02x:%02x\n", index, request.ifr_name, mac[0], mac[1],
               mac[2], mac[3], mac[4], mac[5]);
        if (strcmp(request.ifr_name, "lo") != 0) {
            printf("LEAK: interface %s\n", request.ifr_name);
        }
    }
    struct ifreq lo = {.ifr_name = "lo"};
    ioctl(fd, SIOCGIFFLAGS, &lo);
    change(fd, "the flags of lo", SIOCSIFFLAGS, &lo);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
    memcpy(&lo.ifr_addr, &address, sizeof(address));
    change(fd, "the address of lo", SIOCSIFADDR, &lo);
    strcpy(lo.ifr_name, "br99");
    change(fd, "a bridge", SIOCBRADDBR, (struct ifreq *)(void *)lo.ifr_name);
    puts("held");
    return 0;
}
