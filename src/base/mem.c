/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_NO_MEMORY 71 /* EX_OSERR of sysexits.h */

_Noreturn static void out_of_memory(void)
{
    static const char line[] = "belljar: out of memory\n";
    ssize_t n = write(STDERR_FILENO, line, sizeof(line) - 1);
    (void)n;
    _exit(EXIT_NO_MEMORY);
}

static void *checked(void *p)
{
    if (p == NULL) {
        out_of_memory();
    }
    return p;
}

void *xmalloc(size_t size)
{
    return checked(malloc(size > 0 ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
    return checked(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *xrealloc(void *p, size_t size)
{
    return checked(realloc(p, size > 0 ? size : 1));
}

void *xreallocarray(void *p, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        out_of_memory();
    }
    return xrealloc(p, bytes);
}

char *xstrdup(const char *s)
{
    return s == NULL ? NULL : xmemdup(s, strlen(s));
}

char *xstrndup(const char *s, size_t max)
{
    return s == NULL ? NULL : xmemdup(s, strnlen(s, max));
}

void *xmemdup(const void *p, size_t size)
{
    if (size == SIZE_MAX) {
        out_of_memory();
    }
    char *copy = xmalloc(size + 1);
    if (size > 0) {
        memcpy(copy, p, size);
    }
    copy[size] = '\0';
    return copy;
}

char *xasprintf(const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    int len = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (len < 0) {
        out_of_memory();
    }
    return text;
}

void mem_freep(void *pp)
{
    void *p;
    memcpy(&p, pp, sizeof(p));
    free(p);
    p = NULL;
    memcpy(pp, &p, sizeof(p));
}
