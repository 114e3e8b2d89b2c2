/* SPDX-License-Identifier: Apache-2.0 */
#include "http/guard.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

static struct guard_refusal refuse(unsigned status, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static struct guard_refusal refuse(unsigned status, const char *fmt, ...)
{
    struct guard_refusal r = {.status = status};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(r.text, sizeof(r.text), fmt, ap);
    va_end(ap);
    return r;
}

static struct guard_refusal fine(void)
{
    return (struct guard_refusal){0};
}

static bool is_token_char(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!is_token_char((unsigned char)s[i])) {
            return false;
        }
    }
    return len > 0;
}

static bool is_control(unsigned char c)
{
    return c < 0x20 || c == 0x7f;
}

bool guard_target_ok(const char *target, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)target[i];
        if (is_control(c) || c == ' ' || c >= 0x80) {
            return false;
        }
    }
    return len > 0;
}

static struct guard_refusal check_line(const struct guard_head *head)
{
    static const char *const methods[] = {"GET",    "HEAD",  "POST",   "PUT",
                                          "DELETE", "PATCH", "OPTIONS"};

    if (head->target_len > GUARD_TARGET_MAX) {
        return refuse(414, "the request target is longer than %d bytes", GUARD_TARGET_MAX);
    }
    if (!is_token(head->method, head->method_len)) {
        return refuse(400, "the request method is not a token");
    }
    if (!guard_target_ok(head->target, head->target_len)) {
        return refuse(400,
                      "the request target holds a blank, a control character or a byte above 0x7f");
    }
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (head->method_len == strlen(methods[i]) &&
            memcmp(head->method, methods[i], head->method_len) == 0) {
            return fine();
        }
    }
    return refuse(501, "method %.32s is not implemented", head->method);
}

/* `from` to `to` are at least `min` and at most `max` bytes, and only NULs. */
static bool gap_is_nul(uintptr_t from, uintptr_t to, size_t min, size_t max)
{
    if (to < from || to - from < min || to - from > max) {
        return false;
    }
    for (uintptr_t p = from; p < to; p++) {
        if (*(const char *)p != '\0') { /* NOLINT(performance-no-int-to-ptr) */
            return false;
        }
    }
    return true;
}

static bool value_follows_name(const struct guard_field *f)
{
    const char *end = f->name + f->name_len;
    if ((uintptr_t)f->value <= (uintptr_t)end ||
        (uintptr_t)f->value - (uintptr_t)end > GUARD_HEAD_MAX) {
        return false;
    }
    for (const char *p = end + 1; p < f->value; p++) {
        if (*p != ' ' && *p != '\t') {
            return false;
        }
    }
    return *end == '\0';
}

/*
 * libmicrohttpd ends a value at its first NUL, and sews a folded line onto the *name* of its
 * field, which can hide a Transfer-Encoding.  In both cases, bytes of the head belong to no slice:
 * so the slices must follow each other with nothing between them but the ends of lines.
 */
static bool layout_is_plain(const struct guard_head *head)
{
    const char *end = head->version + strlen(head->version);
    if ((uintptr_t)head->target_at != (uintptr_t)head->method + head->method_len + 1 ||
        (uintptr_t)head->version != (uintptr_t)head->target_at + head->target_len + 1) {
        return false;
    }
    for (size_t i = 0; i < head->field_count; i++) {
        const struct guard_field *f = &head->fields[i];
        if (!gap_is_nul((uintptr_t)end, (uintptr_t)f->name, 1, 2) || !value_follows_name(f)) {
            return false;
        }
        end = f->value + f->value_len;
    }
    return gap_is_nul((uintptr_t)end, (uintptr_t)head->method + head->size, 2, 4);
}

static bool is_named(const struct guard_field *f, const char *name)
{
    return f->name_len == strlen(name) && strncasecmp(f->name, name, f->name_len) == 0;
}

static const struct guard_field *find(const struct guard_head *head, const char *name,
                                      size_t *ret_count)
{
    const struct guard_field *first = NULL;
    *ret_count = 0;
    for (size_t i = 0; i < head->field_count; i++) {
        if (is_named(&head->fields[i], name)) {
            first = first != NULL ? first : &head->fields[i];
            ++*ret_count;
        }
    }
    return first;
}

static struct guard_refusal check_fields(const struct guard_head *head)
{
    if (head->size > GUARD_HEAD_MAX || head->field_count > GUARD_FIELDS_MAX ||
        head->size + head->field_count * GUARD_FIELD_COST > GUARD_COST_MAX) {
        return refuse(431, "the request head is larger than %d bytes or %d fields", GUARD_HEAD_MAX,
                      GUARD_FIELDS_MAX);
    }
    for (size_t i = 0; i < head->field_count; i++) {
        const struct guard_field *f = &head->fields[i];
        if (!is_token(f->name, f->name_len)) {
            return refuse(400, "header field %zu has a name that is not a token", i + 1);
        }
        for (size_t k = 0; k < f->value_len; k++) {
            if (is_control((unsigned char)f->value[k]) && f->value[k] != '\t') {
                return refuse(400, "header field '%.60s' holds a control character", f->name);
            }
        }
    }
    if (!layout_is_plain(head)) {
        return refuse(400, "the request head holds a folded line or a NUL character");
    }
    return fine();
}

static struct guard_refusal check_length(const struct guard_head *head)
{
    size_t count;
    const struct guard_field *f = find(head, "Content-Length", &count);
    if (count > 1) {
        return refuse(400, "the request has %zu Content-Length fields", count);
    }
    if (f != NULL && (f->value_len == 0 || f->value_len > 19 ||
                      strspn(f->value, "0123456789") != f->value_len)) {
        return refuse(400, "Content-Length is not a number");
    }
    return fine();
}

static struct guard_refusal check_framing(const struct guard_head *head)
{
    size_t lengths, codings;
    find(head, "Content-Length", &lengths);
    const struct guard_field *f = find(head, "Transfer-Encoding", &codings);
    if (codings == 0) {
        return check_length(head);
    }
    if (lengths > 0) {
        return refuse(400, "the request has both Content-Length and Transfer-Encoding");
    }
    if (codings > 1) {
        return refuse(400, "the request has %zu Transfer-Encoding fields", codings);
    }
    if (strcmp(head->version, "HTTP/1.0") == 0) {
        return refuse(400, "Transfer-Encoding needs HTTP/1.1");
    }
    if (f->value_len != strlen("chunked") || strncasecmp(f->value, "chunked", f->value_len) != 0) {
        return refuse(501, "Transfer-Encoding other than chunked is not implemented");
    }
    return fine();
}

static struct guard_refusal check_host(const struct guard_head *head)
{
    size_t count;
    const struct guard_field *f = find(head, "Host", &count);
    if (count > 1) {
        return refuse(400, "the request has %zu Host fields", count);
    }
    if (strcmp(head->version, "HTTP/1.0") != 0 && (f == NULL || f->value_len == 0)) {
        return refuse(400, "the request has no Host field");
    }
    return fine();
}

static struct guard_refusal check_expect(const struct guard_head *head)
{
    size_t count;
    const struct guard_field *f = find(head, "Expect", &count);
    if (count > 1 || (f != NULL && (f->value_len != strlen("100-continue") ||
                                    strncasecmp(f->value, "100-continue", f->value_len) != 0))) {
        return refuse(417, "Expect other than 100-continue is not implemented");
    }
    return fine();
}

struct guard_refusal guard_check(const struct guard_head *head)
{
    static struct guard_refusal (*const checks[])(const struct guard_head *) = {
        check_line, check_fields, check_framing, check_host, check_expect,
    };
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        struct guard_refusal r = checks[i](head);
        if (r.status != 0) {
            return r;
        }
    }
    return fine();
}
