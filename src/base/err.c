/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CUT     "..."
#define CUT_LEN (sizeof(CUT) - 1)

/* A cut inside a character would make the whole text invalid UTF-8. */
static size_t border_before(const char *text, size_t at)
{
    while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80) {
        at--;
    }
    return at;
}

/* Formats into `ret`; what is too long for `size` ends in "...". */
__attribute__((format(printf, 3, 0))) static size_t format_cut(char *ret, size_t size,
                                                               const char *fmt, va_list ap)
{
    char full[ERR_TEXT_MAX];
    int wanted = vsnprintf(full, sizeof(full), fmt, ap);
    size_t len = wanted < 0 ? 0 : (size_t)wanted;
    if (len >= size) {
        len = border_before(full, size - 1 - CUT_LEN);
        memcpy(full + len, CUT, CUT_LEN);
        len += CUT_LEN;
    }
    memcpy(ret, full, len);
    ret[len] = '\0';
    return len;
}

int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    format_cut(e->text, sizeof(e->text), fmt, ap);
    va_end(ap);
    e->kind = kind;
    e->sys = 0;
    return -(int)kind;
}

static enum err_kind kind_of_errno(int sys)
{
    switch (sys) {
    case ENOENT:
        return ERR_NOT_FOUND;
    case EPERM:
    case EACCES:
        return ERR_DENIED;
    case EBUSY:
        return ERR_BUSY;
    default:
        return ERR_IO;
    }
}

/* The two C libraries that we build with disagree about what this function gives. */
static const char *reason_of(int sys, char *scratch, size_t size)
{
#ifdef __GLIBC__
    return strerror_r(sys, scratch, size);
#else
    return strerror_r(sys, scratch, size) == 0 ? scratch : "an unknown error";
#endif
}

int err_sys(struct err *e, const char *fmt, ...)
{
    int sys = errno;
    char scratch[64];
    const char *why = reason_of(sys, scratch, sizeof(scratch));
    size_t why_len = strnlen(why, sizeof(scratch));

    va_list ap;
    va_start(ap, fmt);
    /* The sentence is cut, never the reason behind it. */
    size_t len = format_cut(e->text, sizeof(e->text) - 2 - why_len, fmt, ap);
    va_end(ap);
    snprintf(e->text + len, sizeof(e->text) - len, ": %.*s", (int)why_len, why);
    e->kind = kind_of_errno(sys);
    e->sys = sys;
    errno = sys;
    return -(int)e->kind;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
    char text[ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    size_t len = format_cut(text, sizeof(text) / 2, fmt, ap);
    va_end(ap);

    size_t old_len = strnlen(e->text, sizeof(e->text) - 1);
    size_t room = sizeof(text) - 1 - len - 2;
    const char *old = e->text;
    const char *cut = "";
    if (old_len > room) {
        /* The reason stands at the end: what lies before it goes. */
        old += old_len - (room - CUT_LEN);
        while (((unsigned char)*old & 0xc0) == 0x80) {
            old++;
        }
        cut = CUT;
    }
    snprintf(text + len, sizeof(text) - len, ": %s%s", cut, old);
    memcpy(e->text, text, sizeof(text));
    return -(int)e->kind;
}

static const char *const kind_names[] = {
    [ERR_INVALID] = "invalid", [ERR_NOT_FOUND] = "not_found",     [ERR_LIMIT] = "limit",
    [ERR_BUSY] = "busy",       [ERR_DENIED] = "denied",           [ERR_IO] = "io",
    [ERR_GONE] = "gone",       [ERR_UNSUPPORTED] = "unsupported", [ERR_BUG] = "bug",
};

const char *err_kind_name(enum err_kind kind)
{
    return kind > 0 && kind <= ERR_BUG ? kind_names[kind] : kind_names[ERR_BUG];
}

enum err_kind err_kind_of_name(const char *name)
{
    enum err_kind kind = ERR_BUG;
    while (name && kind > 0 && strcmp(kind_names[kind], name) != 0) {
        kind--;
    }
    return name && kind > 0 ? kind : ERR_BUG;
}
