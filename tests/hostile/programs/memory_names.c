/*
 * threat: C1
 * defence: the memory limit of the box counts the kernel's memory too
 * tries: make the kernel remember 160,000 names that do not exist
 * must: what it remembers for the box stays within the limit
 * shows: the kernel's caches grow far beyond the limit
 * needs: memory limit
 * request: {"limits": {"memory_bytes": 16777216, "cpu_ms": 20000, "wall_ms": 30000}}
 * expect: {"verdict": ["ok", "memory_limit"], "lacks": "LEAK"}
 * off: memory
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#define NAMES 160000
#define MUCH  70000
/* Names that the kernel remembers, of the whole host */
static long remembered(void)
{
    long count = 0;
    FILE *file = fopen("/proc/sys/fs/dentry-state", "r");
    if (!file || fscanf(file, "%ld", &count) != 1) {
        puts("LEAK: cannot tell");
    }
    if (file) {
        fclose(file);
    }
    return count;
}
int main(void)
{
    char name[256];
    memset(name, 'x', 255);
    memcpy(name, "/usr/lib/", 9);
    name[250] = '\0';
    /* Others than those of the last time, which the kernel remembers still. */
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(name + 200, 31, "%020ld", now.tv_sec * 1000000000L + now.tv_nsec);
    long before = remembered();
    for (int i = 0; i < NAMES; i++) {
        snprintf(name + 220, 31, "%030d", i);
        access(name, F_OK);
    }
    long grown = remembered() - before;
    printf("%s: %ld names more\n", grown < MUCH ? "held" : "LEAK", grown);
    return 0;
}
