#pragma once
/*
 * err - one error, by value: what kind, which errno, and a sentence.
 *
 * A fallible function takes `struct err *e` last, returns 0 or the negative
 * kind, and leaves its ret_ parameters untouched when it fails.  Nothing here
 * allocates, so an error can be raised when memory is gone and can be written
 * to a pipe whole.  Any thread.
 */
#include <stddef.h>

enum err_kind {
    ERR_INVALID = 1, /* the caller's or the user's input is wrong */
    ERR_NOT_FOUND,
    ERR_LIMIT, /* a configured limit would be passed */
    ERR_BUSY,  /* try again later */
    ERR_DENIED,
    ERR_UNSUPPORTED, /* this host or build cannot do it */
    ERR_IO,
    ERR_GONE, /* the other side went away */
    ERR_BUG,
};

#define ERR_TEXT_MAX 232

struct err {
    enum err_kind kind;
    int sys; /* errno where it failed, or 0 */
    char text[ERR_TEXT_MAX];
};

/* "not_found": as commands and programs tell each other. */
const char *err_kind_name(enum err_kind kind);
enum err_kind err_kind_of_name(const char *name); /* ERR_BUG for NULL and what is none */

/* Each returns -kind, so that "return err_set(...)" is one step. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Kind ERR_IO (ERR_NOT_FOUND for ENOENT, ERR_DENIED for EPERM and EACCES); appends strerror(errno).
 */
int err_sys(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Puts "context: " before the text that is there; the kind stays. */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
