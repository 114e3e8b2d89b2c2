#pragma once
/*
 * mem - allocation that does not fail: out of memory ends the process with a
 * line on stderr.  Sizes that a user chooses are checked against a limit before
 * they get here.
 */
#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *p, size_t size);
void *xreallocarray(void *p, size_t count, size_t size);
char *xstrdup(const char *s); /* NULL gives NULL */
char *xstrndup(const char *s, size_t max);
void *xmemdup(const void *p, size_t size); /* one NUL byte is put behind it */
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void mem_freep(void *pp); /* for AUTO: frees what the pointer at pp points to */
