/*
 * threat: B7
 * defence: hard limits are set, and without capabilities none can be raised
 * tries: raise every resource limit of its own
 * must: none goes above what it was
 * off: rlimits core
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/resource.h>
int main(void)
{
    static const struct {
        int resource;
        rlim_t most;
        const char *name;
    } rows[] = {
        {RLIMIT_CORE, 1, "core"},          {RLIMIT_MEMLOCK, 65536, "memlock"},
        {RLIMIT_MSGQUEUE, 0, "msgqueue"},  {RLIMIT_NICE, 0, "nice"},
        {RLIMIT_RTPRIO, 0, "rtprio"},      {RLIMIT_SIGPENDING, 1024, "sigpending"},
        {RLIMIT_NOFILE, 256, "nofile"},    {RLIMIT_STACK, 64 << 20, "stack"},
        {RLIMIT_FSIZE, 64 << 20, "fsize"},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
        setrlimit(rows[i].resource, &limit);
        getrlimit(rows[i].resource, &limit);
        if (limit.rlim_max > rows[i].most) {
            printf("LEAK: %s is %lu\n", rows[i].name, (unsigned long)limit.rlim_max);
        }
        limit.rlim_cur = limit.rlim_max;
        limit.rlim_max++;
        if (limit.rlim_cur != RLIM_INFINITY && setrlimit(rows[i].resource, &limit) == 0) {
            printf("LEAK: %s can be raised\n", rows[i].name);
        }
    }
    puts("held");
    return 0;
}
