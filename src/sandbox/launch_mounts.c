/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/launch_mounts.h"

#include <string.h>

static bool is_octal(char c)
{
    return c >= '0' && c <= '7';
}

/* mountinfo writes blanks, tabs, newlines and backslashes as \040 and the like. */
static void unescape(char *s)
{
    char *out = s;
    while (*s) {
        if (s[0] == '\\' && is_octal(s[1]) && is_octal(s[2]) && is_octal(s[3])) {
            *out++ = (char)(((s[1] - '0') << 6) | ((s[2] - '0') << 3) | (s[3] - '0'));
            s += 4;
        } else {
            *out++ = *s++;
        }
    }
    *out = '\0';
}

/* Copies the word at *at, which ends before `end`, and moves to the next one. */
static bool word_take(const char **at, const char *end, char *ret, size_t size)
{
    const char *stop = *at;
    while (stop < end && *stop != ' ') {
        stop++;
    }
    size_t len = (size_t)(stop - *at);
    if (len == 0 || len >= size) {
        return false;
    }
    memcpy(ret, *at, len);
    ret[len] = '\0';
    *at = stop < end ? stop + 1 : end;
    return true;
}

static bool word_skip(const char **at, const char *end)
{
    while (*at < end && **at != ' ') {
        (*at)++;
    }
    if (*at == end) {
        return false;
    }
    (*at)++;
    return true;
}

/* id parent major:minor root point options [tag ...] - type source super-options */
static bool mount_parse(const char *line, const char *end, struct mount_entry *ret)
{
    const char *at = line;
    if (!word_skip(&at, end) || !word_skip(&at, end) || !word_skip(&at, end) ||
        !word_take(&at, end, ret->root, sizeof(ret->root)) ||
        !word_take(&at, end, ret->point, sizeof(ret->point)) || !word_skip(&at, end)) {
        return false;
    }
    while (at < end && *at != '-') {
        if (!word_skip(&at, end)) {
            return false;
        }
    }
    if (!word_skip(&at, end) || !word_take(&at, end, ret->type, sizeof(ret->type)) ||
        !word_skip(&at, end) || !word_take(&at, end, ret->options, sizeof(ret->options))) {
        return false;
    }
    unescape(ret->root);
    unescape(ret->point);
    return true;
}

bool mount_next(const char **text, struct mount_entry *ret)
{
    while (**text) {
        const char *line = *text;
        const char *end = strchr(line, '\n');
        if (!end) {
            end = line + strlen(line);
        }
        *text = *end ? end + 1 : end;
        if (mount_parse(line, end, ret)) {
            return true;
        }
    }
    return false;
}

static bool list_has(const char *list, size_t list_len, const char *word)
{
    size_t len = strlen(word);
    const char *end = list + list_len;
    while (list < end) {
        const char *comma = memchr(list, ',', (size_t)(end - list));
        size_t piece = (size_t)((comma ? comma : end) - list);
        if (piece == len && memcmp(list, word, len) == 0) {
            return true;
        }
        list += piece + 1;
    }
    return false;
}

bool mount_has_option(const char *options, const char *option)
{
    return list_has(options, strlen(options), option);
}

/* "4:memory:/a/b" */
static bool cgroup_line_is(const char *line, const char *end, const char *controller,
                           const char **ret_path)
{
    const char *first = memchr(line, ':', (size_t)(end - line));
    const char *second = first ? memchr(first + 1, ':', (size_t)(end - first - 1)) : NULL;
    if (!second) {
        return false;
    }
    size_t len = (size_t)(second - first - 1);
    bool is = controller[0] ? list_has(first + 1, len, controller)
                            : len == 0 && first - line == 1 && line[0] == '0';
    *ret_path = second + 1;
    return is;
}

bool cgroup_path_of(const char *text, const char *controller, char ret[MOUNT_PATH_MAX])
{
    while (*text) {
        const char *end = strchr(text, '\n');
        if (!end) {
            end = text + strlen(text);
        }
        const char *path;
        if (cgroup_line_is(text, end, controller, &path) && (size_t)(end - path) < MOUNT_PATH_MAX) {
            memcpy(ret, path, (size_t)(end - path));
            ret[end - path] = '\0';
            return true;
        }
        text = *end ? end + 1 : end;
    }
    return false;
}
