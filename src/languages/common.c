/* SPDX-License-Identifier: Apache-2.0 */
#include "languages/common.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

enum { OUTPUT_BUFFER = 1 << 16, STACK_WANTED = 100 << 20, STACK_SPARE = 1 << 20 };

/* Whoever waits for input must have seen the question. */
static ssize_t stdin_read(void *cookie, char *data, size_t len)
{
    (void)cookie;
    fflush(stdout);
    ssize_t got;
    do {
        got = read(STDIN_FILENO, data, len);
    } while (got < 0 && errno == EINTR);
    return got;
}

static void streams_begin(void)
{
    setvbuf(stdout, NULL, _IOFBF, OUTPUT_BUFFER);
    FILE *in = fopencookie(NULL, "r", (cookie_io_functions_t){.read = stdin_read});
    if (!in) {
        fail("cannot read stdin");
    }
    setvbuf(in, NULL, _IOFBF, OUTPUT_BUFFER);
    __fsetlocking(in, FSETLOCKING_BYCALLER);
    __fsetlocking(stdout, FSETLOCKING_BYCALLER);
    stdin = in;
}

static struct source file_read(const char *path)
{
    FILE *f = fopen(path, "re");
    if (!f) {
        fail("cannot open '%s': %m", path);
    }
    struct text t = {0};
    char block[8192];
    size_t got;
    while ((got = fread(block, 1, sizeof(block), f)) > 0) {
        text_add(&t, block, got);
    }
    if (ferror(f)) {
        fail("cannot read '%s': %m", path);
    }
    fclose(f);
    text_add_byte(&t, '\0');
    return (struct source){t.data, t.len - 1};
}

struct source program_read(int argc, char **argv, const char *about)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %.*s FILE\n", (int)strcspn(about, " "), about);
        exit(2);
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts(about);
        exit(0);
    }
    streams_begin();
    return file_read(argv[1]);
}

void fail(const char *fmt, ...)
{
    fflush(stdout);
    va_list ap;
    va_start(ap, fmt);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(1);
}

void fail_at(const struct source *source, size_t offset, const char *fmt, ...)
{
    fflush(stdout);
    va_list ap;
    va_start(ap, fmt);
    fprintf(stderr, "%s: line %zu: ", program_invocation_short_name, line_at(source, offset));
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(1);
}

size_t line_at(const struct source *source, size_t offset)
{
    size_t line = 1;
    for (size_t i = 0; i < offset && i < source->len; i++) {
        line += source->text[i] == '\n';
    }
    return line;
}

void *allocate(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size);
    if (!p) {
        fail("out of memory");
    }
    return p;
}

void *grown(void *array, size_t *cap, size_t want, size_t size)
{
    if (want <= *cap) {
        return array;
    }
    size_t next = *cap < 8 ? 8 : *cap + *cap / 2;
    if (next < want) {
        next = want;
    }
    void *p = reallocarray(array, next, size);
    if (!p) {
        fail("out of memory");
    }
    *cap = next;
    return p;
}

void text_add(struct text *t, const void *data, size_t len)
{
    if (len == 0) {
        return;
    }
    t->data = grown(t->data, &t->cap, t->len + len, 1);
    memcpy(t->data + t->len, data, len);
    t->len += len;
}

void text_add_str(struct text *t, const char *s)
{
    text_add(t, s, strlen(s));
}

void text_add_byte(struct text *t, int byte)
{
    char c = (char)byte;
    text_add(t, &c, 1);
}

void text_add_char(struct text *t, int64_t code)
{
    char bytes[4] = {0};
    text_add(t, bytes, char_encode(code, bytes));
}

void text_done(struct text *t)
{
    free(t->data);
    *t = (struct text){0};
}

struct text text_of_stdin(void)
{
    struct text t = {0};
    int c;
    while ((c = getc_unlocked(stdin)) != EOF) {
        text_add_byte(&t, c);
    }
    return t;
}

bool text_read_line(struct text *t)
{
    t->len = 0;
    int c = getc_unlocked(stdin);
    if (c == EOF) {
        return false;
    }
    while (c != EOF && c != '\n') {
        text_add_byte(t, c);
        c = getc_unlocked(stdin);
    }
    if (t->len > 0 && t->data[t->len - 1] == '\r') {
        t->len--;
    }
    return true;
}

size_t char_encode(int64_t code, char ret[4])
{
    if (code < 0 || code > 0x10ffff) {
        return 0;
    }
    if (code < 0x80) {
        ret[0] = (char)code;
        return 1;
    }
    if (code >= 0xdc80 && code <= 0xdcff) {
        ret[0] = (char)(code - 0xdc00);
        return 1;
    }
    if (code >= 0xd800 && code <= 0xdfff) {
        return 0;
    }
    size_t more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char leads[] = {0, 0xc0, 0xe0, 0xf0};
    ret[0] = (char)(leads[more] | (code >> (6 * more)));
    for (size_t i = 1; i <= more; i++) {
        ret[i] = (char)(0x80 | ((code >> (6 * (more - i))) & 0x3f));
    }
    return more + 1;
}

/* How many bytes follow this one, or -1. */
static int lead_follows(unsigned char c)
{
    return c < 0x80 ? 0 : c < 0xc2 ? -1 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : c < 0xf5 ? 3 : -1;
}

int32_t char_decode(const char *data, size_t len, size_t *at)
{
    unsigned char lead = (unsigned char)data[*at];
    int follows = lead_follows(lead);
    if (follows == 0) {
        (*at)++;
        return lead;
    }
    if (follows > 0 && len - *at > (size_t)follows) {
        int32_t code = lead & (0x3f >> follows);
        int i = 1;
        for (; i <= follows; i++) {
            unsigned char c = (unsigned char)data[*at + (size_t)i];
            if ((c & 0xc0) != 0x80) {
                break;
            }
            code = code << 6 | (c & 0x3f);
        }
        bool is_short = (follows == 2 && code < 0x800) || (follows == 3 && code < 0x10000);
        if (i > follows && !is_short && (code < 0xd800 || code > 0xdfff) && code <= 0x10ffff) {
            *at += (size_t)follows + 1;
            return code;
        }
    }
    (*at)++;
    return 0xdc00 + lead;
}

int32_t read_char(void)
{
    int c = getc_unlocked(stdin);
    if (c < 0x80) {
        return c;
    }
    char bytes[4] = {(char)c};
    size_t len = 1, at = 0;
    int follows = lead_follows((unsigned char)c);
    while ((int)len <= follows) {
        int next = getc_unlocked(stdin);
        if (next == EOF) {
            break;
        }
        if ((next & 0xc0) != 0x80) {
            ungetc(next, stdin);
            break;
        }
        bytes[len++] = (char)next;
    }
    int32_t code = char_decode(bytes, len, &at);
    while (len > at) { /* a character that was none: its other bytes come one by one */
        ungetc((unsigned char)bytes[--len], stdin);
    }
    return code;
}

void write_char(int64_t code)
{
    char bytes[4] = {0};
    write_text(bytes, char_encode(code, bytes));
}

void write_text(const char *data, size_t len)
{
    if (len > 0) { /* for nothing, data may be NULL */
        fwrite_unlocked(data, 1, len, stdout);
    }
}

void write_str(const char *s)
{
    fputs_unlocked(s, stdout);
}

/*
 * The kernel leaves at least 128 MB below a process's first stack, and looks at the limit when the
 * stack grows, not before: so it may be raised up to that in a process that runs.
 */
const char *stack_floor(void)
{
    struct rlimit limit = {0};
    size_t have = 1 << 23;
    if (getrlimit(RLIMIT_STACK, &limit) == 0) {
        if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur < STACK_WANTED) {
            limit.rlim_cur = limit.rlim_max < STACK_WANTED ? limit.rlim_max : STACK_WANTED;
            if (setrlimit(RLIMIT_STACK, &limit) < 0) {
                getrlimit(RLIMIT_STACK, &limit);
            }
        }
        have = limit.rlim_cur < STACK_WANTED ? limit.rlim_cur : STACK_WANTED;
    }
    size_t spare = have > (size_t)2 * STACK_SPARE ? STACK_SPARE : have / 2;
    return (const char *)__builtin_frame_address(0) - (have - spare);
}

static void merge_sort(char *items, char *room, size_t len, size_t size,
                       int (*order)(const void *, const void *, void *), void *ctx)
{
    if (len < 2) {
        return;
    }
    size_t half = len / 2, i = 0, j = half;
    merge_sort(items, room, half, size, order, ctx);
    merge_sort(items + half * size, room, len - half, size, order, ctx);
    for (size_t n = 0; n < len; n++) {
        bool first = j == len || (i < half && order(items + i * size, items + j * size, ctx) <= 0);
        memcpy(room + n * size, items + (first ? i++ : j++) * size, size);
    }
    memcpy(items, room, len * size);
}

void sort_stable(void *items, size_t len, size_t size,
                 int (*order)(const void *, const void *, void *), void *ctx)
{
    char *room = allocate(len, size);
    merge_sort(items, room, len, size, order, ctx);
    free(room);
}

uint64_t random_next(uint64_t *state)
{
    if (*state == 0 && getrandom(state, sizeof(*state), 0) < 0) {
        *state = 88172645463325252U;
    }
    *state |= *state == 0;
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}
