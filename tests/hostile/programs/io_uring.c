/*
 * threat: D2
 * defence: the filter knows no io_uring
 * tries: set up a ring, register buffers with one, enter one, through the raw numbers
 * must: ENOSYS for each, so that libraries take their other way
 * shows: a ring does file and network work that no filter sees
 * off: filter
 * control: bare
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
static void ask(const char *what, long number, long a, void *b)
{
    long r = syscall(number, a, b, 1, 0, 0, 0);
    if (r >= 0 || errno != ENOSYS) {
        printf("LEAK: %s: %ld, errno %d\n", what, r, r < 0 ? errno : 0);
    }
}
int main(void)
{
    static char parameters[256];
    ask("io_uring_setup", 425, 1, parameters);
    ask("io_uring_enter", 426, 1, 0);
    ask("io_uring_register", 427, 1, 0);
    puts("held");
    return 0;
}
