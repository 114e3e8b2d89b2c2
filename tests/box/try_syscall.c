/* SPDX-License-Identifier: Apache-2.0 */
/*
 * try_syscall [--int80] NUMBER [ARGUMENT...] - makes one system call and says what came of it.
 *
 * Prints "0" or a positive result as it is, and "-1 EPERM" (name of the errno) for a failure;
 * status 0 in both cases.  Arguments that are not given are 0; numbers may be decimal, 0x... or
 * 0...
 * --int80 enters through the 32-bit gate of x86.  Static, so that it runs in any root.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static long enter_int80(long number, const long *a)
{
#if defined(__x86_64__)
    long result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4])
                     : "memory", "r8", "r9", "r10", "r11");
    if (result < 0) {
        errno = (int)-result;
        return -1;
    }
    return result;
#else
    (void)number;
    (void)a;
    fprintf(stderr, "try_syscall: --int80 is for x86-64\n");
    exit(125);
#endif
}

static int number_parse(const char *text, long *ret)
{
    char *end = NULL;
    errno = 0;
    unsigned long value = strtoul(text, &end, 0);
    if (errno != 0 || end == text || *end != '\0') {
        fprintf(stderr, "try_syscall: '%s' is not a number\n", text);
        return -1;
    }
    *ret = (long)value;
    return 0;
}

int main(int argc, char **argv)
{
    int first = argc > 1 && strcmp(argv[1], "--int80") == 0 ? 2 : 1;
    long v[7] = {0};
    if (argc - first < 1 || argc - first > 7) {
        fprintf(stderr, "usage: try_syscall [--int80] NUMBER [ARGUMENT...]\n");
        return 125;
    }
    for (int i = first; i < argc; i++) {
        if (number_parse(argv[i], &v[i - first]) < 0) {
            return 125;
        }
    }
    long result =
        first == 2 ? enter_int80(v[0], &v[1]) : syscall(v[0], v[1], v[2], v[3], v[4], v[5], v[6]);
    if (result == -1) {
        printf("-1 %s\n", strerrorname_np(errno));
    } else {
        printf("%ld\n", result);
    }
    return 0;
}
