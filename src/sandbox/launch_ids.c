/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/launch_ids.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"

#define FILE_MAX_BYTES (16 << 20)
#define LINE_MAX_CHARS 1024
#define WHOLE_COUNT    UINT32_C(4294967295)

/* Copies the line at *text and moves behind it; false at the end. A longer line is cut. */
static bool line_next(const char **text, char line[LINE_MAX_CHARS])
{
    if (!*text || **text == '\0') {
        return false;
    }
    size_t len = strcspn(*text, "\n");
    size_t kept = len < LINE_MAX_CHARS ? len : LINE_MAX_CHARS - 1;
    memcpy(line, *text, kept);
    line[kept] = '\0';
    *text += len + ((*text)[len] == '\n');
    return true;
}

static bool number_parse(const char *text, uint32_t *ret)
{
    char *end = NULL;
    unsigned long long n = strtoull(text, &end, 10);
    if (end == text || text[0] == '-' || n > UINT32_MAX) {
        return false;
    }
    *ret = (uint32_t)n;
    return true;
}

struct map_line {
    uint32_t inside, outside, count;
};

static bool map_line_next(const char **text, struct map_line *ret)
{
    char line[LINE_MAX_CHARS];
    while (line_next(text, line)) {
        if (sscanf(line, "%" SCNu32 " %" SCNu32 " %" SCNu32, &ret->inside, &ret->outside,
                   &ret->count) == 3) {
            return true;
        }
    }
    return false;
}

uint32_t id_map_run(const char *text, uint32_t first)
{
    uint32_t run = 0;
    bool grown = true;
    while (grown) { /* the lines are in no order: look for the next piece until there is none */
        grown = false;
        const char *at = text;
        struct map_line m;
        while (map_line_next(&at, &m)) {
            uint32_t next = first + run;
            if (next >= m.inside && next - m.inside < m.count) {
                run += m.count - (next - m.inside);
                grown = true;
            }
        }
    }
    return run;
}

bool id_map_is_whole(const char *text)
{
    struct map_line m;
    return map_line_next(&text, &m) && m.inside == 0 && m.outside == 0 && m.count == WHOLE_COUNT;
}

bool id_map_outside(const char *text, uint32_t inside, uint32_t *ret)
{
    struct map_line m;
    while (map_line_next(&text, &m)) {
        if (inside >= m.inside && inside - m.inside < m.count) {
            *ret = m.outside + (inside - m.inside);
            return true;
        }
    }
    return false;
}

int host_ids_read(struct host_ids *ret, struct err *e)
{
    AUTO(buf_done) struct buf users = {0};
    AUTO(buf_done) struct buf groups = {0};
    int r = fd_read_path("/proc/self/uid_map", FILE_MAX_BYTES, &users, e);
    if (r == 0) {
        r = fd_read_path("/proc/self/gid_map", FILE_MAX_BYTES, &groups, e);
    }
    if (r < 0) {
        return err_wrap(e, "reading the id maps");
    }
    uint32_t real = geteuid();
    (void)id_map_outside(users.data, geteuid(), &real);
    uint32_t user_run = id_map_run(users.data, 1);
    uint32_t group_run = id_map_run(groups.data, 1);
    *ret = (struct host_ids){
        .initial = id_map_is_whole(users.data) && id_map_is_whole(groups.data),
        .real_uid = real,
        .own_count = user_run < group_run ? user_run : group_run,
    };
    return 0;
}

/* "name:first:count" */
static bool subid_next(const char **text, char name[LINE_MAX_CHARS], struct id_range *ret)
{
    while (line_next(text, name)) {
        char *first = strchr(name, ':');
        char *count = first ? strchr(first + 1, ':') : NULL;
        if (count && number_parse(first + 1, &ret->first) && number_parse(count + 1, &ret->count)) {
            *first = '\0';
            return true;
        }
    }
    return false;
}

bool subid_find(const char *text, const char *name, uint32_t uid, struct id_range *ret)
{
    char number[16];
    snprintf(number, sizeof(number), "%" PRIu32, uid);
    char who[LINE_MAX_CHARS];
    struct id_range range, best = {0};
    while (subid_next(&text, who, &range)) {
        bool ours = strcmp(who, number) == 0 || (name && strcmp(who, name) == 0);
        if (ours && range.count > best.count) {
            best = range;
        }
    }
    if (best.count == 0) {
        return false;
    }
    *ret = best;
    return true;
}

static bool overlap(struct id_range a, struct id_range b)
{
    uint64_t a_end = (uint64_t)a.first + a.count;
    uint64_t b_end = (uint64_t)b.first + b.count;
    return a.first < b_end && b.first < a_end;
}

bool subid_overlaps(const char *text, struct id_range window, struct id_range *ret)
{
    char who[LINE_MAX_CHARS];
    struct id_range range;
    while (subid_next(&text, who, &range)) {
        if (overlap(range, window)) {
            *ret = range;
            return true;
        }
    }
    return false;
}

bool account_overlaps(const char *text, struct id_range window, uint32_t *ret_id)
{
    char line[LINE_MAX_CHARS];
    while (line_next(&text, line)) {
        /* name:x:id in passwd and group alike */
        char *field = strchr(line, ':');
        field = field ? strchr(field + 1, ':') : NULL;
        uint32_t id;
        if (field && number_parse(field + 1, &id) && overlap(window, (struct id_range){id, 1})) {
            *ret_id = id;
            return true;
        }
    }
    return false;
}

/* A file that is not there grants nothing and names nobody. */
static int file_read(const char *path, struct buf *ret, struct err *e)
{
    int r = fd_read_path(path, FILE_MAX_BYTES, ret, e);
    if (r == -ERR_NOT_FOUND) {
        buf_add(ret, "", 0);
        return 0;
    }
    return r;
}

static int check_accounts(const char *path, struct id_range window, struct err *e)
{
    AUTO(buf_done) struct buf text = {0};
    int r = file_read(path, &text, e);
    if (r < 0) {
        return r;
    }
    uint32_t id;
    if (account_overlaps(text.data, window, &id)) {
        return err_set(e, ERR_BUSY, "%s has id %" PRIu32, path, id);
    }
    return 0;
}

static int check_subids(const char *path, struct id_range window, struct err *e)
{
    AUTO(buf_done) struct buf text = {0};
    int r = file_read(path, &text, e);
    if (r < 0) {
        return r;
    }
    struct id_range range;
    if (subid_overlaps(text.data, window, &range)) {
        return err_set(e, ERR_BUSY, "%s grants %" PRIu32 " to %" PRIu64, path, range.first,
                       (uint64_t)range.first + range.count - 1);
    }
    return 0;
}

int id_window_check(struct id_range window, struct err *e)
{
    if ((uint64_t)window.first + window.count > UINT32_MAX) { /* 2^32-1 means "no id" */
        return err_set(e, ERR_LIMIT, "ids end at %" PRIu32, UINT32_MAX - 1);
    }
    static const struct {
        int (*check)(const char *path, struct id_range window, struct err *e);
        const char *path;
    } owners[] = {
        {check_accounts, "/etc/passwd"},
        {check_accounts, "/etc/group"},
        {check_subids, "/etc/subuid"},
        {check_subids, "/etc/subgid"},
    };
    for (size_t i = 0; i < ARRAY_LEN(owners); i++) {
        int r = owners[i].check(owners[i].path, window, e);
        if (r < 0) {
            return r;
        }
    }
    return 0;
}
