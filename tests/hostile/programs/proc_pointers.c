/*
 * threat: E1
 * defence: kernel symbols are masked; the kernel hides the rest from who has no capability
 * tries: find addresses of the kernel in its own /proc entries, sockets and timers
 * must: zeros, hashes or nothing
 * hides: kernel_pointer
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* An address of the kernel's half is 16 digits that begin with ffff. */
static void look(const char *path, const char *line)
{
    for (const char *at = strstr(line, "ffff"); at; at = strstr(at + 4, "ffff")) {
        size_t digits = strspn(at, "0123456789abcdef");
        int first = at == line || !isxdigit((unsigned char)at[-1]);
        if (first && digits == 16 && strncmp(at, "ffffffffff600000", 16) != 0 &&
            strncmp(at, "ffffffffff601000", 16) != 0 && strncmp(at, "ffffffffffffffff", 16) != 0) {
            printf("LEAK: %s: %s", path, line);
        }
    }
}
int main(void)
{
    static const char *const names[] = {
        "/proc/kallsyms",    "/proc/self/stack", "/proc/self/wchan",  "/proc/self/syscall",
        "/proc/self/maps",   "/proc/self/stat",  "/proc/self/timers", "/proc/modules",
        "/proc/net/unix",    "/proc/net/tcp",    "/proc/net/packet",  "/proc/net/netlink",
        "/proc/net/ptype",   "/proc/iomem",      "/proc/vmallocinfo", "/proc/timer_list",
        "/proc/sched_debug", "/proc/self/auxv"};
    char line[4096];
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        FILE *file = fopen(names[i], "r");
        while (file && fgets(line, sizeof(line), file)) {
            look(names[i], line);
        }
    }
    puts("held");
    return 0;
}
