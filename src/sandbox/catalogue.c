/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/catalogue.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "boxproto/weaken.h"
#include "sandbox/launch.h"

static const char *const devices[] = {"null", "zero", "full", "random", "urandom", "tty"};

size_t catalogue_layers(struct catalogue_parts parts, struct boxd_layer ret[BOXD_LAYERS_MAX])
{
    const struct {
        bool there;
        struct boxd_layer layer;
    } all[] = {
        {parts.network, {.id = LAYER_NETWORK}},
        {parts.store, {.id = LAYER_GUEST}},
        {true, {.id = LAYER_HOST_ETC}},
        {true, {.id = LAYER_SKELETON}},
        {true, {.id = LAYER_HOST_USR, .target = "usr"}},
        {parts.prepared, {.id = LAYER_PREPARED, .target = LAYER_PREPARED_TARGET}},
    };
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        ret[count] = all[i].layer;
        count += all[i].there;
    }
    for (uint32_t i = 0; i < CATALOGUE_USR_NAMES; i++) {
        const char *name = catalogue_usr_directory(i);
        if (name) {
            struct boxd_layer *layer = &ret[count++];
            *layer = (struct boxd_layer){.id = LAYER_HOST_FIRST_EXTRA + i};
            snprintf(layer->target, sizeof(layer->target), "%s", name);
        }
    }
    return count;
}

size_t launch_host_layers(uint32_t ret[BOX_LAYERS_MAX])
{
    struct boxd_layer layers[BOXD_LAYERS_MAX];
    size_t count = catalogue_layers((struct catalogue_parts){0}, layers);
    for (size_t i = 0; i < count; i++) {
        ret[i] = layers[i].id;
    }
    return count;
}

/*
 * Any directory will do as the mount point, as nobody else sees it covered; but not one that hides
 * the program which is about to be started.
 */
static int tmpfs_mount(const char *exe_path, int *ret_fd, struct err *e)
{
    static const char *const points[] = {"/tmp", "/mnt", "/run", "/media", "/srv"};
    for (size_t i = 0; i < ARRAY_LEN(points); i++) {
        size_t len = strlen(points[i]);
        if (access(points[i], F_OK) < 0 ||
            (strncmp(exe_path, points[i], len) == 0 && exe_path[len] == '/')) {
            continue;
        }
        if (mount("belljar", points[i], "tmpfs", MS_NOSUID, "mode=0755,size=64m,nr_inodes=32k") <
            0) {
            return err_sys(e, "mounting a tmpfs on '%s'", points[i]);
        }
        int fd = open(points[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0) {
            return err_sys(e, "open '%s'", points[i]);
        }
        *ret_fd = fd;
        return 0;
    }
    return err_set(e, ERR_NOT_FOUND, "no directory of the host can be covered by a tmpfs");
}

/* mount_setattr only adds: what the host's mount forbids already stays forbidden, as a user
 * namespace demands. */
static int tree_copy(const char *source, unsigned flags, uint64_t attr, int *ret_fd, struct err *e)
{
    AUTO(fd_closep)
    int tree = open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);
    if (tree < 0) {
        return err_sys(e, "binding '%s'", source);
    }
    struct mount_attr set = {.attr_set = attr};
    if (attr &&
        mount_setattr(tree, "", AT_EMPTY_PATH | (flags & AT_RECURSIVE), &set, sizeof(set)) < 0) {
        return err_sys(e, "setting the mount flags of '%s'", source);
    }
    *ret_fd = TAKE(&tree, -1);
    return 0;
}

static int tree_mount(int tree, int to, const char *path, struct err *e)
{
    return move_mount(tree, "", to, path, MOVE_MOUNT_F_EMPTY_PATH) < 0
               ? err_sys(e, "mounting on '%s'", path)
               : 0;
}

static int mount_copy(const char *source, int to, const char *path, unsigned flags, uint64_t attr,
                      struct err *e)
{
    AUTO(fd_closep) int tree = -1;
    int r = tree_copy(source, flags, attr, &tree, e);
    r = r < 0 ? r : tree_mount(tree, to, path, e);
    return r < 0 ? err_wrap(e, "'%s'", source) : 0;
}

/* NOSYMFOLLOW: what a name of the store stands for is there, not where a link leads.  It is about
 * the way to a layer; links in one are the overlay's.  (That lets no access time be written.) */
#define ATTR_STAGE  (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSYMFOLLOW)
#define ATTR_STORE  (ATTR_STAGE | MOUNT_ATTR_RDONLY)
#define ATTR_LAYER  (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
#define ATTR_DEVICE (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)

/*
 * One mount, without what is mounted below it: an overlay could not show that.  In a user namespace
 * the kernel refuses to take it alone (EINVAL), because that could bare what the other mounts hide.
 */
static int host_layer_bind(int root, uint32_t id, const char *target, struct err *e)
{
    char source[32], path[32];
    snprintf(source, sizeof(source), "/%s", target);
    snprintf(path, sizeof(path), "layers/%u", id);
    int r = mount_copy(source, root, path, 0, ATTR_LAYER, e);
    if (r < 0 && e->sys == EINVAL) {
        return err_set(e, ERR_UNSUPPORTED,
                       "other file systems are mounted below %s, which only root can leave out; "
                       "start as root, or unmount them",
                       source);
    }
    return r;
}

/* Directories of the host, by copies of their mounts, made before the tmpfs could cover them. */
enum given { GIVEN_PREPARED, GIVEN_STORE, GIVEN_STAGE, GIVEN_COUNT };

/* What is being built: `c`, on the tmpfs `root`. */
struct tree {
    const struct catalogue *c;
    int root;
    int given[GIVEN_COUNT]; /* -1: none */
};

static int given_mount(const struct tree *t, enum given which, const char *path, struct err *e)
{
    return t->given[which] < 0 ? 0 : tree_mount(t->given[which], t->root, path, e);
}

static int layer_make(const struct tree *t, const struct boxd_layer *layer, struct err *e)
{
    char path[32];
    snprintf(path, sizeof(path), "layers/%u", layer->id);
    int r = catalogue_dir(t->root, path, 0755, e);
    if (r < 0) {
        return r;
    }
    if (layer->id == LAYER_PREPARED) {
        return given_mount(t, GIVEN_PREPARED, path, e);
    }
    if (layer->target[0]) {
        return host_layer_bind(t->root, layer->id, layer->target, e);
    }
    AUTO(fd_closep) int dir = openat(t->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        return err_sys(e, "open '%s'", path);
    }
    return catalogue_fill(dir, layer->id, e);
}

static int layers_make(const struct tree *t, struct err *e)
{
    struct boxd_layer layers[BOXD_LAYERS_MAX];
    size_t count = catalogue_layers(catalogue_parts_of(t->c), layers);
    int r = catalogue_dir(t->root, "layers", 0755, e);
    for (size_t i = 0; r == 0 && i < count; i++) {
        r = layer_make(t, &layers[i], e);
    }
    r = r < 0 ? r : catalogue_dir(t->root, "layers/s", 0755, e);
    return r < 0 ? r : given_mount(t, GIVEN_STORE, "layers/s", e);
}

static int stage_make(const struct tree *t, struct err *e)
{
    int r = t->c->stage ? catalogue_dir(t->root, "stage", 0755, e) : 0;
    return r < 0 ? r : given_mount(t, GIVEN_STAGE, "stage", e);
}

static int init_copy(int root, int init_fd, struct err *e)
{
    struct stat st;
    AUTO(fd_closep) int out = openat(root, "init", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    if (out < 0 || fstat(init_fd, &st) < 0) {
        return err_sys(e, "copying belljar-init");
    }
    off_t at = 0; /* not the descriptor's own position: it may be shared */
    while (at < st.st_size) {
        ssize_t n = sendfile(out, init_fd, &at, (size_t)(st.st_size - at));
        if (n <= 0) {
            return err_sys(e, "copying belljar-init");
        }
    }
    return 0;
}

/* A device cgroup or a user namespace may refuse the making, or the opening: try both. */
static bool devices_can_be_made(int root)
{
    const char *name = "device-trial";
    if (mknodat(root, name, S_IFCHR | 0666, makedev(1, 3)) < 0) {
        return false;
    }
    AUTO(fd_closep) int fd = openat(root, name, O_RDWR | O_CLOEXEC);
    (void)unlinkat(root, name, 0);
    return fd >= 0;
}

static int devices_bind(int root, struct err *e)
{
    int r = catalogue_dir(root, "dev", 0755, e);
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(devices); i++) {
        char source[32], path[32];
        snprintf(source, sizeof(source), "/dev/%s", devices[i]);
        snprintf(path, sizeof(path), "dev/%s", devices[i]);
        r = catalogue_file(root, path, "", e);
        if (r == 0) {
            r = mount_copy(source, root, path, 0, ATTR_DEVICE, e);
        }
    }
    return r;
}

static int proc_bind(int root, struct err *e)
{
    int r = catalogue_dir(root, "proc", 0555, e);
    if (r < 0) {
        return r;
    }
    return mount_copy("/proc", root, "proc", AT_RECURSIVE, 0, e);
}

static int tun_bind(int root, struct err *e)
{
    int r = catalogue_file(root, "tun", "", e);
    return r < 0 ? r : mount_copy("/dev/net/tun", root, "tun", 0, ATTR_DEVICE, e);
}

static int tree_fill(const struct tree *t, bool *ret_own_devices, struct err *e)
{
    int root = t->root;
    bool own_devices = devices_can_be_made(root) && !weakened(t->c->weaken, WEAKEN_DEVICES);
    int r = init_copy(root, t->c->init_fd, e);
    if (r == 0) {
        r = layers_make(t, e);
    }
    if (r == 0) {
        r = catalogue_dir(root, "empty", 0755, e);
    }
    if (r == 0) {
        r = catalogue_dir(root, "mask", 0755, e);
    }
    if (r == 0) {
        r = catalogue_dir(root, "mnt", 0755, e);
    }
    if (r == 0) {
        r = catalogue_make_base(root, own_devices, e);
    }
    if (r == 0) {
        r = stage_make(t, e);
    }
    if (r == 0) {
        r = proc_bind(root, e);
    }
    if (r == 0 && !own_devices) {
        r = devices_bind(root, e);
    }
    if (r == 0 && t->c->network) {
        r = tun_bind(root, e);
    }
    if (r == 0) {
        *ret_own_devices = own_devices;
    }
    return r;
}

/* A directory that is no longer there is an empty layer: what was prepared is missed, and no more.
 */
static int prepared_copy(const char *path, int *ret_fd, struct err *e)
{
    int r = path ? tree_copy(path, 0, ATTR_LAYER, ret_fd, e) : 0;
    return r == -ERR_NOT_FOUND ? 0 : r;
}

/* One mount: see host_layer_bind. */
static int own_copy(const char *path, uint64_t attr, int *ret_fd, struct err *e)
{
    int r = path ? tree_copy(path, 0, attr, ret_fd, e) : 0;
    if (r < 0 && e->sys == EINVAL) {
        return err_set(e, ERR_UNSUPPORTED,
                       "other file systems are mounted below '%s', which only root can leave out; "
                       "unmount them",
                       path);
    }
    return r;
}

static int given_copy(const struct catalogue *c, int ret[GIVEN_COUNT], struct err *e)
{
    AUTO(mem_freep) char *layers = c->packages ? xasprintf("%s/layers", c->packages) : NULL;
    int r = prepared_copy(c->prepared, &ret[GIVEN_PREPARED], e);
    r = r < 0 ? r : own_copy(layers, ATTR_STORE, &ret[GIVEN_STORE], e);
    return r < 0 ? r : own_copy(c->stage, ATTR_STAGE, &ret[GIVEN_STAGE], e);
}

struct catalogue_parts catalogue_parts_of(const struct catalogue *c)
{
    return (struct catalogue_parts){
        .network = c->network, .prepared = c->prepared != NULL, .store = c->packages != NULL};
}

int catalogue_build(const struct catalogue *c, int *ret_root_fd, bool *ret_own_devices,
                    struct err *e)
{
    mode_t old_mask = umask(0); /* the modes above are meant as they stand */
    AUTO(fd_closep) int root = -1;
    struct tree tree = {.c = c, .given = {-1, -1, -1}};
    int r = given_copy(c, tree.given, e);
    r = r < 0 ? r : tmpfs_mount(c->exe_path, &root, e);
    if (r == 0) {
        tree.root = root;
        r = tree_fill(&tree, ret_own_devices, e);
    }
    umask(old_mask);
    for (size_t i = 0; i < GIVEN_COUNT; i++) {
        fd_close(tree.given[i]);
    }
    if (r < 0) {
        return err_wrap(e, "building the catalogue of layers");
    }
    struct mount_attr set = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
    if (mount_setattr(root, "", AT_EMPTY_PATH, &set, sizeof(set)) < 0) {
        return err_sys(e, "making the catalogue read-only");
    }
    *ret_root_fd = TAKE(&root, -1);
    return 0;
}
