/* SPDX-License-Identifier: Apache-2.0 */
#include "boxd/rootfs.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "boxd/mounts.h"
#include "boxd/procfs.h"
#include "boxd/weak.h"

/* fsconfig takes no longer string. */
#define OPTION_MAX 255
/* What the tmpfs holds of ours: its directories. */
#define OWN_INODES 4

#define LAYER_ATTRIBUTES                                                                           \
    (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOATIME)

/* --- the layers ------------------------------------------------------------------------- */

const struct boxd_layer *layer_find(const struct boxd_config *config, uint32_t id)
{
    for (uint32_t i = 0; i < config->layer_count; i++) {
        if (config->layers[i].id == id) {
            return &config->layers[i];
        }
    }
    return NULL;
}

static const char *target_of(const struct rootfs *r, uint32_t index)
{
    const struct boxd_layer *layer = layer_find(r->config, r->create->layers[index]);
    return layer ? layer->target : ""; /* one of the store: CREATE was refused if it is no other */
}

/* As seen from the store, which is where we are. */
static const char *name_of(const struct rootfs *r, uint32_t index, char ret[16])
{
    uint32_t id = r->create->layers[index];
    snprintf(ret, 16, "%s%" PRIu32, id < STORE_LAYER_FIRST ? "../" : "", id);
    return ret;
}

/*
 * "../../base:../../cover:../2:1003": the layers of one target, top first.  An overlay without an
 * upper directory wants two lower ones, and nothing may add to what the base has.
 */
static int lower_list(const struct rootfs *r, const char *target, char ret[OPTION_MAX + 1],
                      struct err *e)
{
    int len =
        snprintf(ret, OPTION_MAX, "../../%s", target[0] == '\0' ? "base:../../cover" : "empty");
    for (uint32_t i = 0; i < r->create->layer_count && len <= OPTION_MAX; i++) {
        char name[16];
        if (strcmp(target_of(r, i), target) == 0) {
            len += snprintf(ret + len, (size_t)(OPTION_MAX + 1 - len), ":%s", name_of(r, i, name));
        }
    }
    return len <= OPTION_MAX ? 0
                             : err_set(e, ERR_LIMIT,
                                       "the list of the layers of '/%s' has more than the "
                                       "%d characters that the kernel takes",
                                       target, OPTION_MAX);
}

/* What is there, and no link: who gets to its layer by one would not get what was installed. */
static int store_check(const struct rootfs *r, struct err *e)
{
    int result = 0;
    for (uint32_t i = 0; i < r->create->layer_count && result == 0; i++) {
        char name[16];
        AUTO(fd_closep) int fd = -1;
        if (r->create->layers[i] >= STORE_LAYER_FIRST) {
            result = mount_open(AT_FDCWD, name_of(r, i, name), O_DIRECTORY, &fd, e);
        }
    }
    return result < 0 ? err_wrap(e, "a layer of the package store") : 0;
}

/* Inodes of its own: record locks and inotify on the layers' would be a channel between boxes. */
static int overlay_make(const struct rootfs *r, const char *target, int *ret_fd, struct err *e)
{
    char lower[OPTION_MAX + 1];
    int result = lower_list(r, target, lower, e);
    if (result < 0) {
        return result;
    }
    bool stage = target[0] == '\0' && (r->config->flags & BOXD_STAGE) != 0;
    /* The store tells of opaque directories by the attributes that users may have, too. */
    const struct mount_option options[] = {{"lowerdir", lower},
                                           {"userxattr", NULL},
                                           {"upperdir", "/stage/root"},
                                           {"workdir", "/stage/work"},
                                           {"volatile", NULL}};
    size_t count = stage ? ARRAY_LEN(options) : 2;
    unsigned attributes = LAYER_ATTRIBUTES & ~(stage ? MOUNT_ATTR_RDONLY : 0U);
    return mount_make("overlay", options, count,
                      weak_layer_attributes(r->config->weaken, attributes), ret_fd, e);
}

static bool target_seen(const struct rootfs *r, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++) {
        if (strcmp(target_of(r, i), target_of(r, index)) == 0) {
            return true;
        }
    }
    return false;
}

/* Bound as it is only in a test build: without overlayfs there is no root either. */
static int layer_mount(const struct rootfs *r, int root, uint32_t index, struct err *e)
{
    char name[16];
    const char *target = target_of(r, index);
    unsigned attributes = weak_layer_attributes(r->config->weaken, LAYER_ATTRIBUTES);
    AUTO(fd_closep) int fd = -1;
    int result = (r->features & BOX_FEATURE_OVERLAY) != 0
                     ? overlay_make(r, target, &fd, e)
                     : mount_copy(AT_FDCWD, name_of(r, index, name), attributes, &fd, e);
    result = result < 0 ? result : mount_attach(fd, root, target, e);
    return result < 0 ? err_wrap(e, "the layers of '/%s'", target) : 0;
}

static int layers_mount(const struct rootfs *r, int top, int *ret_root, struct err *e)
{
    if (chdir("/layers/s") < 0) {
        return err_sys(e, "entering '/layers/s' of the catalogue");
    }
    AUTO(fd_closep) int root = -1;
    int result = store_check(r, e);
    result = result < 0 ? result : overlay_make(r, "", &root, e);
    result = result < 0 ? result : mount_attach(root, top, "mnt", e);
    for (uint32_t i = 0; i < r->create->layer_count && result == 0; i++) {
        bool done = target_of(r, i)[0] == '\0' || target_seen(r, i);
        result = done ? 0 : layer_mount(r, root, i, e);
    }
    if (result < 0) {
        return result;
    }
    *ret_root = TAKE(&root, -1);
    return 0;
}

/* --- what the box may write to, and its devices ----------------------------------------- */

struct place {
    const char *name;
    mode_t mode;
    bool owned; /* by the program */
};

/* Directories of the one tmpfs.  Each is bound into the box by itself; their parent cannot be
 * reached. */
static const struct place places[] = {
    {"box", 0755, true}, {"tmp", 01777, false}, {"shm", 01777, false}};

static const char *const devices[] = {"null", "zero", "full", "random", "urandom", "tty"};

static int storage_make(const struct rootfs *r, int *ret_fd, struct err *e)
{
    char size[24], inodes[24];
    snprintf(size, sizeof(size), "%" PRIu64, r->create->maxima.disk_bytes);
    snprintf(inodes, sizeof(inodes), "%" PRIu64, r->create->maxima.disk_inodes + OWN_INODES);
    const struct mount_option options[] = {{"size", size}, {"nr_inodes", inodes}, {"mode", "0700"}};
    return mount_make("tmpfs", options, ARRAY_LEN(options),
                      weak_attributes(r->config->weaken, MOUNT_ATTR_NOSUID), ret_fd, e);
}

static int places_make(const struct rootfs *r, int storage, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        const struct place *p = &places[i];
        if (mkdirat(storage, p->name, p->mode) < 0) {
            return err_sys(e, "making the directory '%s'", p->name);
        }
        if (p->owned && fchownat(storage, p->name, r->owner, r->owner, AT_SYMLINK_NOFOLLOW) < 0) {
            return err_sys(e, "giving '%s' to id %u", p->name, (unsigned)r->owner);
        }
    }
    return 0;
}

/* Where there can be no own nodes: a bound /dev/null is one inode for all boxes, with its locks. */
static int devices_bind(const struct rootfs *r, int dev, struct err *e)
{
    int result = 0;
    for (size_t i = 0; i < ARRAY_LEN(devices) && result == 0; i++) {
        char from[32];
        snprintf(from, sizeof(from), "/dev/%s", devices[i]);
        result = mount_bind(
            AT_FDCWD, from, dev, devices[i],
            weak_attributes(r->config->weaken, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC), e);
    }
    return result;
}

static int devpts_mount(const struct rootfs *r, int root, struct err *e)
{
    /* `max`: the number of all ptys of a host is limited, and one box must not use them up. */
    static const struct mount_option options[] = {
        {"ptmxmode", "0666"}, {"mode", "0620"}, {"max", "64"}};
    AUTO(fd_closep) int fd = -1;
    int result = mount_make(
        "devpts", options, ARRAY_LEN(options),
        weak_attributes(r->config->weaken, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC), &fd, e);
    return result < 0 ? result : mount_attach(fd, root, "dev/pts", e);
}

/* The base's, through the overlay of the root: so each box has inodes of its own. */
static int dev_mount(const struct rootfs *r, int root, struct err *e)
{
    bool own = (r->config->flags & BOXD_OWN_DEVICES) != 0;
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_NOEXEC,
                              .attr_clr = own ? MOUNT_ATTR_NODEV : 0};
    AUTO(fd_closep) int dev = -1;
    int result = mount_copy(root, "dev", 0, &dev, e);
    if (result == 0 && mount_setattr(dev, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0) {
        result = err_sys(e, "mount_setattr of '/dev'");
    }
    result = result < 0 ? result : mount_attach(dev, root, "dev", e);
    if (result == 0 && !own) {
        result = devices_bind(r, dev, e);
    }
    return result < 0 ? result : devpts_mount(r, root, e);
}

static int storage_mount(const struct rootfs *r, int top, int root, struct err *e)
{
    AUTO(fd_closep) int storage = -1;
    int result = storage_make(r, &storage, e);
    if (result < 0) {
        return result;
    }
    /* Before 6.15 only what is attached can be copied.  This place goes with the old root. */
    result = mount_attach(storage, top, "empty", e);
    result = result < 0 ? result : places_make(r, storage, e);
    result = result < 0 ? result : dev_mount(r, root, e);

    static const char *const writable[][2] = {{"box", "box"}, {"tmp", "tmp"}, {"shm", "dev/shm"}};
    for (size_t i = 0; i < ARRAY_LEN(writable) && result == 0; i++) {
        result =
            mount_bind(storage, writable[i][0], root, writable[i][1],
                       weak_attributes(r->config->weaken, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV), e);
    }
    return result;
}

int rootfs_enter(const struct rootfs *r, struct err *e)
{
    AUTO(fd_closep) int root = -1;
    AUTO(fd_closep) int top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int result = layers_mount(r, top, &root, e);
    result = result < 0 ? result : storage_mount(r, top, root, e);
    if (result == 0 && (r->features & BOX_FEATURE_PROC) != 0) {
        result = procfs_mount(top, root, r->config->weaken, e);
    }
    result = result < 0 ? result : mount_pivot(root, e);
    if (result == 0 && chdir(BOX_WORK_DIR) < 0) {
        result = err_sys(e, "entering '%s'", BOX_WORK_DIR);
    }
    return result;
}
