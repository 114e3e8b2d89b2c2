/*
 * threat: C1
 * defence: the memory limit of the box counts the kernel's memory too
 * tries: make the kernel remember 400,000 names that do not exist
 * must: what it remembers for the box stays within the limit
 * shows: the kernel's caches grow far beyond the limit
 * needs: memory limit
 * request: {"limits": {"memory_bytes": 16777216, "cpu_ms": 20000, "wall_ms": 30000}}
 * expect: {"verdict": ["ok", "memory_limit"], "lacks": "LEAK"}
 * off: memory
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#define NAMES 400000
#define MUCH  96
/* MiB of the kernel's caches of objects, of the whole host */
static long caches(void)
{
    char line[256];
    long kib, sum = 0;
    FILE *file = fopen("/proc/meminfo", "r");
    while (file && fgets(line, sizeof(line), file)) {
        if (sscanf(line, "Slab: %ld", &kib) == 1) {
            sum += kib;
        }
    }
    if (file) {
        fclose(file);
    }
    return sum >> 10;
}
int main(void)
{
    char name[256];
    memset(name, 'x', 255);
    memcpy(name, "/usr/lib/", 9);
    name[250] = '\0';
    long before = caches();
    for (int i = 0; i < NAMES; i++) {
        snprintf(name + 230, 20, "%d", i);
        access(name, F_OK);
    }
    long grown = caches() - before;
    printf("%s: %ld MiB\n", grown < MUCH ? "held" : "LEAK", grown);
    return 0;
}
