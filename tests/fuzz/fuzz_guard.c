/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as the head of a request, cut as libmicrohttpd cuts it: what the guard takes must leave a
 * lenient second reader, who sees the raw bytes, no other way to find the body.
 */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "fuzz.h"
#include "http/guard.h"

#define HEAD_MAX   20000
#define FIELDS_MAX 256

struct cut {
    char bytes[HEAD_MAX + 1];
    struct guard_field fields[FIELDS_MAX];
    struct guard_head head;
};

/* NULL: the line has no end. */
static char *line_end(char *p, char *end)
{
    char *line = memchr(p, '\n', (size_t)(end - p));
    if (line == NULL) {
        return NULL;
    }
    if (line > p && line[-1] == '\r') {
        line[-1] = '\0';
    }
    *line = '\0';
    return line + 1;
}

static bool cut_line(struct cut *c, size_t len)
{
    char *blank = memchr(c->bytes, ' ', len), *last = memrchr(c->bytes, ' ', len);
    if (blank == NULL || blank == last) {
        return false;
    }
    *blank = *last = '\0';
    c->head.method = c->bytes;
    c->head.method_len = strlen(c->bytes);
    c->head.target = c->head.target_at = blank + 1;
    c->head.target_len = (size_t)(last - blank) - 1;
    c->head.version = last + 1;
    /* libmicrohttpd itself refuses any other. */
    return strcmp(c->head.version, "HTTP/1.1") == 0 || strcmp(c->head.version, "HTTP/1.0") == 0;
}

static void cut_field(struct cut *c, char *line)
{
    char *colon = strchr(line, ':');
    if (colon == NULL || c->head.field_count == FIELDS_MAX) {
        return; /* its bytes belong to no slice */
    }
    *colon++ = '\0';
    colon += strspn(colon, " \t");
    c->fields[c->head.field_count++] =
        (struct guard_field){line, strlen(line), colon, strlen(colon)};
}

static bool cut_head(struct cut *c, size_t size)
{
    char *end = c->bytes + size, *p = line_end(c->bytes, end);
    if (p == NULL || !cut_line(c, (size_t)(p - c->bytes) - 1)) {
        return false;
    }
    while (p < end && *p != '\r' && *p != '\n') {
        char *line = p;
        p = line_end(line, end);
        if (p == NULL) {
            return false;
        }
        cut_field(c, line);
    }
    p = p < end ? line_end(p, end) : NULL;
    c->head.fields = c->fields;
    c->head.size = p != NULL ? (size_t)(p - c->bytes) : 0;
    return p != NULL;
}

/*
 * libmicrohttpd leaves the same of NUL LF as of CR LF, so nobody can tell these afterwards.  A
 * proxy that would pass a NUL in a field and a bare LF on as they are is needed to make use of
 * that.
 */
static bool has_nul_line(const char *raw, size_t size)
{
    return memmem(raw, size, "\0\n", 2) != NULL || memmem(raw, size, "\0\r\n\n", 4) != NULL;
}

/* A reader who forgives blanks around a name, and takes what NUL or CR end for a line too. */
static unsigned lenient_count(const char *raw, size_t size, const char *name)
{
    unsigned count = 0;
    const char *end = raw + size;
    for (const char *p = raw; p < end; p++) {
        bool begins = p == raw || strchr("\n\r\0", p[-1]) != NULL || p[-1] == '\0';
        const char *at = p;
        while (begins && at < end && (*at == ' ' || *at == '\t')) {
            at++;
        }
        size_t len = strlen(name);
        if (!begins || (size_t)(end - at) <= len || strncasecmp(at, name, len) != 0) {
            continue;
        }
        at += len;
        while (at < end && (*at == ' ' || *at == '\t')) {
            at++;
        }
        count += at < end && *at == ':' && p[0] != ' ' && p[0] != '\t';
    }
    return count;
}

static bool has_fold(const char *raw, size_t size)
{
    for (size_t i = 1; i < size; i++) {
        if (raw[i - 1] == '\n' && (raw[i] == ' ' || raw[i] == '\t')) {
            return true;
        }
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cut c;
    if (size > HEAD_MAX) {
        return 0;
    }
    memset(&c, 0, sizeof(c));
    if (size > 0) {
        memcpy(c.bytes, data, size);
    }
    if (!cut_head(&c, size)) {
        return 0;
    }
    struct guard_refusal r = guard_check(&c.head);
    REQUIRE((r.status == 0) == (r.text[0] == '\0'));
    REQUIRE(r.status == 0 || (r.status >= 400 && r.status < 600));
    if (r.status != 0 || has_nul_line((const char *)data, size)) {
        return 0;
    }
    const char *raw = (const char *)data;
    unsigned lengths = lenient_count(raw, c.head.size, "Content-Length");
    unsigned codings = lenient_count(raw, c.head.size, "Transfer-Encoding");
    REQUIRE(lengths + codings <= 1);
    REQUIRE(lenient_count(raw, c.head.size, "Host") <= 1);
    REQUIRE(memchr(raw, '\0', c.head.size) == NULL && !has_fold(raw, c.head.size));
    return 0;
}
