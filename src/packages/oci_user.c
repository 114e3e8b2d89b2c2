/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/oci_user.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"

#define FIELDS     4
#define GROUPS_MAX 32
#define DIGITS_MAX 10
#define SHOWN      60

static bool is_number(const char *text, size_t len)
{
    return len > 0 && len <= DIGITS_MAX && strspn(text, "0123456789") >= len;
}

bool oci_user_is_root(const char *user)
{
    return !user || user[0] == '\0' || strcmp(user, "root") == 0 || strcmp(user, "0") == 0 ||
           str_starts(user, "root:") || str_starts(user, "0:");
}

/* The first FIELDS fields of a line of passwd or group, without copying; the last may have more
 * behind it.  *text is then the next line. */
struct field {
    const char *text;
    size_t len;
};

static bool line_read(const char **text, struct field ret[FIELDS])
{
    const char *end = *text + strcspn(*text, "\n"), *at = *text;
    size_t count = 0;
    while (at <= end && count < FIELDS) {
        size_t len = strcspn(at, ":\n");
        ret[count++] = (struct field){at, len};
        at += len + 1;
    }
    *text = *end != '\0' ? end + 1 : end;
    return count == FIELDS;
}

static bool field_is(const struct field *f, const char *text, size_t len)
{
    return f->len == len && strncmp(f->text, text, len) == 0;
}

/* A line of which the name or the number is `text`; both files have them at the same places. */
static bool line_find(const char *file, const char *text, size_t len, struct field ret[FIELDS])
{
    for (const char *at = file; *at != '\0';) {
        if (line_read(&at, ret) && is_number(ret[2].text, ret[2].len) &&
            (field_is(&ret[0], text, len) || field_is(&ret[2], text, len))) {
            return true;
        }
    }
    return false;
}

static bool is_member(const struct field *members, const struct field *name)
{
    const char *at = members->text, *end = members->text + members->len;
    while (at < end) {
        size_t len = strcspn(at, ",:\n");
        if (field_is(name, at, len)) {
            return true;
        }
        at += len + 1;
    }
    return false;
}

static void groups_add(const char *group, const struct field *name, struct buf *out)
{
    struct field line[FIELDS];
    unsigned count = 0;
    for (const char *at = group; *at != '\0' && count < GROUPS_MAX;) {
        if (line_read(&at, line) && is_number(line[2].text, line[2].len) &&
            is_member(&line[3], name)) {
            buf_add_fmt(out, ",%.*s", (int)line[2].len, line[2].text);
            count++;
        }
    }
}

static int group_named(const char *user, const char *name, const char *group, struct buf *out,
                       struct err *e)
{
    struct field line[FIELDS];
    size_t len = strlen(name);
    if (is_number(name, len)) {
        buf_add_fmt(out, ":%s", name);
    } else if (line_find(group, name, len, line)) {
        buf_add_fmt(out, ":%.*s", (int)line[2].len, line[2].text);
    } else {
        return err_set(e, ERR_INVALID, "its USER is '%.*s', and its /etc/group has no such group",
                       SHOWN, user);
    }
    return 0;
}

int oci_user_resolve(const char *user, const char *passwd, const char *group, char **ret,
                     struct err *e)
{
    AUTO(buf_done) struct buf out = {0};
    struct field line[FIELDS];
    size_t len = strcspn(user, ":");
    bool known = line_find(passwd, user, len, line);
    if (!known && !is_number(user, len)) {
        return err_set(e, ERR_INVALID, "its USER is '%.*s', and its /etc/passwd has no such user",
                       SHOWN, user);
    }
    buf_add_fmt(&out, "%.*s", known ? (int)line[2].len : (int)len, known ? line[2].text : user);
    if (user[len] == ':') {
        int r = group_named(user, user + len + 1, group, &out, e);
        if (r < 0) {
            return r;
        }
    } else if (known && is_number(line[3].text, line[3].len)) {
        buf_add_fmt(&out, ":%.*s", (int)line[3].len, line[3].text);
        groups_add(group, &line[0], &out);
    } else {
        buf_add_str(&out, ":0");
    }
    *ret = buf_take(&out);
    return 0;
}
