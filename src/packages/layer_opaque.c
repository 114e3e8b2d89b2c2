/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/layer_opaque.h"

#include <errno.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "packages/layer_walk.h"

/* The kernel's own limit of a list. */
#define LIST_MAX 65536

#define USER    "user.overlay."    /* of overlays that are mounted with userxattr */
#define TRUSTED "trusted.overlay." /* of all others; root's alone */

static const char *const opaque_names[] = {USER "opaque", TRUSTED "opaque"};

/* What an overlay writes with its features redirect_dir, metacopy and "xattr whiteouts". */
static const char *const refused[] = {
    USER "redirect",    USER "metacopy",    USER "whiteout",
    TRUSTED "redirect", TRUSTED "metacopy", TRUSTED "whiteout",
};

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

int layer_opaque_get(int dir_fd, const char *path, bool *ret, struct err *e)
{
    bool found = false;
    for (size_t i = 0; i < ARRAY_LEN(opaque_names); i++) {
        char value[8];
        ssize_t len = fgetxattr(dir_fd, opaque_names[i], value, sizeof(value));
        if (len < 0 && errno != ENODATA && errno != EOPNOTSUPP && errno != ERANGE) {
            return err_sys(e, "reading attributes of '%s'", layer_shown(path).text);
        }
        if (len == 1 && value[0] == 'y') {
            found = true;
        } else if (len >= 0 || errno == ERANGE) {
            return err_set(e, ERR_INVALID, "'%s' has an attribute %s that is not \"y\"",
                           layer_shown(path).text, opaque_names[i]);
        }
    }
    *ret = found;
    return 0;
}

/* Under both names, as far as we may: then it counts however the overlay is mounted. */
int layer_opaque_set(int dir_fd, const char *path, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(opaque_names); i++) {
        bool optional = str_starts(opaque_names[i], TRUSTED);
        if (fsetxattr(dir_fd, opaque_names[i], "y", 1, 0) < 0 && !optional) {
            return err_sys(e, "setting the attribute %s of '%s'", opaque_names[i],
                           layer_shown(path).text);
        }
    }
    return 0;
}

static int attribute_remove(int fd, const char *path, const char *name, struct err *e)
{
    if (is_one_of(name, refused, ARRAY_LEN(refused))) {
        return err_set(e, ERR_INVALID,
                       "'%s' has an attribute %s; mount the overlay with userxattr, which makes no "
                       "such thing",
                       layer_shown(path).text, name);
    }
    if (is_one_of(name, opaque_names, ARRAY_LEN(opaque_names)) || fremovexattr(fd, name) == 0 ||
        errno == ENODATA) {
        return 0;
    }
    /* The host's own label: whoever it gives one to has one. */
    if (strcmp(name, "security.selinux") == 0) {
        return 0;
    }
    return err_sys(e, "removing the attribute %s of '%s'", name, layer_shown(path).text);
}

int layer_attributes_remove(int fd, const char *path, struct err *e)
{
    ssize_t len = flistxattr(fd, NULL, 0);
    if (len == 0 || (len < 0 && errno == EOPNOTSUPP)) {
        return 0;
    }
    AUTO(mem_freep) char *list = xcalloc(1, LIST_MAX);
    len = len < 0 ? len : flistxattr(fd, list, LIST_MAX - 1);
    if (len < 0) {
        return err_sys(e, "reading attributes of '%s'", layer_shown(path).text);
    }
    int r = 0;
    for (const char *name = list; r == 0 && name < list + len; name += strlen(name) + 1) {
        r = attribute_remove(fd, path, name, e);
    }
    return r;
}
