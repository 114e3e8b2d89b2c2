#pragma once
/*
 * common - what the interpreters of this folder share.
 *
 * Each of them is one small process that runs one program in a box, so the process is what fails:
 * fail() ends it from any depth, with a line on stderr and status 1, after what was printed so far
 * went out.  Memory is taken as the program takes it; the box says how much there is.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct source {
    char *text; /* one NUL byte behind `len` */
    size_t len;
};

/*
 * What every main begins with: answers --version with `about` ("brainfuck 1.0.0"), says how it is
 * used when no file is named, else returns the file.  Sets up stdin and stdout: stdout is buffered,
 * and goes out before a read of stdin could wait.
 */
struct source program_read(int argc, char **argv, const char *about);

_Noreturn void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same with the line of the byte at `offset`. */
_Noreturn void fail_at(const struct source *source, size_t offset, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
size_t line_at(const struct source *source, size_t offset);

/* Zeroed.  Never NULL; ends the process when there is no more. */
void *allocate(size_t count, size_t size);
/* Room for `want` elements in an array of `*cap`; the new ones are not zeroed. */
void *grown(void *array, size_t *cap, size_t want, size_t size);

/* Safe with an order that a program made, which qsort is not. */
void sort_stable(void *items, size_t len, size_t size,
                 int (*order)(const void *, const void *, void *), void *ctx);

/* Bytes that grow.  Zero-initialise. */
struct text {
    char *data;
    size_t len, cap;
};
void text_add(struct text *t, const void *data, size_t len);
void text_add_str(struct text *t, const char *s);
void text_add_byte(struct text *t, int byte);
/* UTF-8; what is no character's number is left out, but see read_char. */
void text_add_char(struct text *t, int64_t code);
void text_done(struct text *t);
struct text text_of_stdin(void);
/* The next line of stdin without its end; false: there is none. */
bool text_read_line(struct text *t);

/* A character's UTF-8, at most 4 bytes; 0 for what is no character's number. */
size_t char_encode(int64_t code, char ret[4]);
/*
 * The character at `*at`, which is moved behind it.  A byte that is no UTF-8 gives 0xdc00 + byte,
 * and such a number is written as that byte: whatever is read can be written again.
 */
int32_t char_decode(const char *data, size_t len, size_t *at);
int32_t read_char(void); /* from stdin; -1 at its end */
void write_char(int64_t code);
void write_text(const char *data, size_t len);
void write_str(const char *s);

/*
 * For what recurses as deep as its program says: the address below which the C stack must not go.
 * Compare with __builtin_frame_address(0).
 */
const char *stack_floor(void);
static inline bool stack_is_low(const char *floor)
{
    return (const char *)__builtin_frame_address(0) < floor;
}

/* Numbers that nobody foresees; xorshift, seeded by the kernel.  Zero-initialise. */
uint64_t random_next(uint64_t *state);
