/* SPDX-License-Identifier: Apache-2.0 */
#include "unpack/image_user.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

#define ID_LIMIT   UINT32_MAX
#define HIDDEN_MIN 16

static bool number_read(const char **at, int64_t *ret)
{
    uint64_t n = 0;
    const char *digits = *at;
    for (; **at >= '0' && **at <= '9' && n < ID_LIMIT; (*at)++) {
        n = n * 10 + (uint64_t)(**at - '0');
    }
    *ret = (int64_t)n;
    return *at != digits && n < ID_LIMIT;
}

int image_user_parse(const char *text, struct image_user *ret, struct err *e)
{
    const char *at = text;
    char before = ':';
    bool fine = number_read(&at, &ret->uid);
    ret->group_count = 0;
    while (fine && *at == before && ret->group_count < IMAGE_GROUPS_MAX) {
        at++;
        fine = number_read(&at, &ret->groups[ret->group_count++]);
        before = ',';
    }
    if (!fine || *at != '\0' || ret->group_count == 0) {
        return err_set(e, ERR_INVALID, "'%.60s' is no user; write UID:GID[,GID...]", text);
    }
    return 0;
}

void image_user_done(struct image_user *u)
{
    for (size_t i = 0; i < u->hidden_count; i++) {
        free(u->hidden[i]);
    }
    free(u->hidden);
    u->hidden = NULL;
    u->hidden_count = u->hidden_cap = 0;
}

static bool is_member(const struct image_user *u, int64_t gid)
{
    for (size_t i = 0; i < u->group_count; i++) {
        if (u->groups[i] == gid) {
            return true;
        }
    }
    return false;
}

unsigned image_user_may(const struct image_user *u, int64_t uid, int64_t gid, unsigned mode)
{
    if (u->uid == 0) {
        return (mode & 0111) != 0 ? 7 : 6;
    }
    return (u->uid == uid ? mode >> 6 : is_member(u, gid) ? mode >> 3 : mode) & 7;
}

void image_user_hide(struct image_user *u, const char *path)
{
    if (u->hidden_count == u->hidden_cap) {
        u->hidden_cap = u->hidden_cap > 0 ? u->hidden_cap * 2 : HIDDEN_MIN;
        u->hidden = xreallocarray(u->hidden, u->hidden_cap, sizeof(*u->hidden));
    }
    u->hidden[u->hidden_count++] = xstrdup(path);
}

bool image_user_hides(const struct image_user *u, const char *path)
{
    for (size_t i = 0; i < u->hidden_count; i++) {
        size_t len = strlen(u->hidden[i]);
        if (strncmp(u->hidden[i], path, len) == 0 && (path[len] == '\0' || path[len] == '/')) {
            return true;
        }
    }
    return false;
}
