/*
 * threat: B11
 * defence: a box's devpts has 64 terminals of the host's few thousand
 * tries: open terminals until there are no more
 * must: it gets no more than its share
 * shows: more than a hundred
 * request: {"limits": {"open_files": 4096}}
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
    int n = 0;
    while (n < 1000 && open("/dev/ptmx", O_RDWR | O_NOCTTY) >= 0) {
        n++;
    }
    printf("%s: %d terminals\n", n > 100 ? "LEAK" : "held", n);
    return 0;
}
