/* SPDX-License-Identifier: Apache-2.0 */
#include "api/judge0/form.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"

#define NAME_MAX_BYTES 256

struct reader {
    form_field_fn *fn;
    void *ctx;
    size_t count;
};

static int give(struct reader *r, const char *name, size_t name_len, const char *value,
                size_t value_len, struct err *e)
{
    if (++r->count > FORM_FIELDS_MAX) {
        return err_set(e, ERR_LIMIT, "more than %d form fields", FORM_FIELDS_MAX);
    }
    return r->fn(r->ctx, name, name_len, value, value_len, e);
}

/* --- urlencoded -------------------------------------------------------------------------- */

static int hex_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static int decode(const char *text, size_t len, struct buf *ret, struct err *e)
{
    char *out = buf_reserve(ret, len);
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            int high = i + 2 < len ? hex_value(text[i + 1]) : -1;
            int low = i + 2 < len ? hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return err_set(e, ERR_INVALID, "'%%' without two hex digits in a form or query");
            }
            c = (char)(high << 4 | low);
            i += 2;
        }
        out[n++] = c;
    }
    buf_commit(ret, n);
    return 0;
}

static int take_pair(struct reader *r, const char *text, size_t len, struct err *e)
{
    AUTO(buf_done) struct buf pair = {0};
    const char *equals = memchr(text, '=', len);
    size_t name_len = equals != NULL ? (size_t)(equals - text) : len;
    int result = decode(text, name_len, &pair, e);
    size_t name_end = pair.len;
    if (result == 0 && equals != NULL) {
        result = decode(equals + 1, len - name_len - 1, &pair, e);
    }
    return result < 0 ? result
                      : give(r, pair.data, name_end, pair.data + name_end, pair.len - name_end, e);
}

int form_urlencoded(const char *text, size_t len, const char *separators, form_field_fn *fn,
                    void *ctx, struct err *e)
{
    struct reader r = {fn, ctx, 0};
    for (size_t i = 0; i < len;) {
        size_t end = i;
        while (end < len && (text[end] == '\0' || strchr(separators, text[end]) == NULL)) {
            end++;
        }
        int result = end > i ? take_pair(&r, text + i, end - i, e) : 0;
        if (result < 0) {
            return result;
        }
        i = end + 1;
    }
    return 0;
}

/* --- parameters of a header field -------------------------------------------------------- */

/* `*p` is behind a parameter's '='; moves it behind the value. */
static bool value_read(const char **p, const char *end, char *ret, size_t size)
{
    bool quoted = *p < end && **p == '"';
    size_t n = 0;
    for (*p += quoted; *p < end; ++*p) {
        char c = **p;
        if (quoted ? c == '"' : strchr("; \t", c) != NULL) {
            break;
        }
        if (quoted && c == '\\' && *p + 1 < end) {
            c = *++*p;
        }
        if (c == '\0' || n + 1 >= size) {
            return false;
        }
        ret[n++] = c;
    }
    ret[n] = '\0';
    return true;
}

bool form_parameter(const char *text, size_t len, const char *name, char *ret, size_t size)
{
    const char *p = text, *end = text + len;
    char other[NAME_MAX_BYTES];
    size_t name_len = strlen(name);
    while ((p = memchr(p, ';', (size_t)(end - p))) != NULL) {
        p++;
        while (p < end && (*p == ' ' || *p == '\t')) {
            p++;
        }
        bool wanted = (size_t)(end - p) > name_len && strncasecmp(p, name, name_len) == 0 &&
                      p[name_len] == '=';
        while (p < end && *p != '=' && *p != ';') {
            p++;
        }
        if (p == end || *p == ';') {
            continue;
        }
        p++;
        if (wanted) {
            return value_read(&p, end, ret, size);
        }
        if (!value_read(&p, end, other, sizeof(other))) {
            return false;
        }
    }
    return false;
}

/* --- multipart --------------------------------------------------------------------------- */

/* A part's head: the name of its field. */
static bool part_name(const char *head, size_t len, char *ret, size_t size)
{
    static const char field[] = "Content-Disposition:";
    const char *end = head + len;
    while (head < end) {
        const char *line_end = memmem(head, (size_t)(end - head), "\r\n", 2);
        size_t line = (size_t)((line_end != NULL ? line_end : end) - head);
        if (line >= strlen(field) && strncasecmp(head, field, strlen(field)) == 0) {
            return form_parameter(head, line, "name", ret, size);
        }
        head += line + 2;
    }
    return false;
}

static int take_part(struct reader *r, const char *part, size_t len, struct err *e)
{
    char name[NAME_MAX_BYTES];
    if (len >= 2 && memcmp(part, "\r\n", 2) == 0) { /* without a head */
        return 0;
    }
    const char *head_end = memmem(part, len, "\r\n\r\n", 4);
    if (head_end == NULL || !part_name(part, (size_t)(head_end - part), name, sizeof(name))) {
        return 0;
    }
    const char *value = head_end + 4;
    return give(r, name, strlen(name), value, len - (size_t)(value - part), e);
}

/* Where the next line "--boundary" begins, or NULL. */
static const char *find_mark(const char *p, const char *end, const struct buf *mark)
{
    return memmem(p, (size_t)(end - p), mark->data, mark->len);
}

int form_multipart(const char *text, size_t len, const char *boundary, form_field_fn *fn, void *ctx,
                   struct err *e)
{
    struct reader r = {fn, ctx, 0};
    AUTO(buf_done) struct buf mark = {0};
    buf_add_fmt(&mark, "\r\n--%s", boundary);
    const char *end = text + len, *p = text;
    /* The first may stand at the very beginning. */
    if (len >= mark.len - 2 && memcmp(text, mark.data + 2, mark.len - 2) == 0) {
        p += mark.len - 2;
    } else {
        p = find_mark(text, end, &mark);
        p = p != NULL ? p + mark.len : NULL;
    }
    while (p != NULL && !(end - p >= 2 && memcmp(p, "--", 2) == 0)) {
        const char *line_end = memmem(p, (size_t)(end - p), "\r\n", 2);
        const char *next = line_end != NULL ? find_mark(line_end, end, &mark) : NULL;
        if (next == NULL) {
            p = NULL;
            break;
        }
        const char *part = line_end + 2;
        int result = part < next ? take_part(&r, part, (size_t)(next - part), e) : 0;
        if (result < 0) {
            return result;
        }
        p = next + mark.len;
    }
    return p != NULL ? 0 : err_set(e, ERR_INVALID, "the multipart body does not end as it should");
}
