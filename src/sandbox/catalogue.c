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
#include "base/strv.h"
#include "boxproto/egress_config.h"
#include "boxproto/weaken.h"
#include "sandbox/launch.h"

/* The host's own tree outside /usr: links into it, or directories. */
static const char *const usr_names[] = {"bin", "sbin", "lib", "lib32", "lib64", "libx32", "libo32"};

static const char *const skeleton_dirs[] = {"box", "etc",  "home", "mnt",
                                            "opt", "root", "run",  "sys",
                                            "tmp", "usr",  "var",  LAYER_PREPARED_TARGET};

#define NSSWITCH(hosts)                                                                            \
    "passwd: files\n"                                                                              \
    "group: files\n"                                                                               \
    "shadow: files\n"                                                                              \
    "hosts: " hosts "\n"                                                                           \
    "networks: files\n"                                                                            \
    "protocols: files\n"                                                                           \
    "services: files\n"

static const struct {
    const char *path, *text;
} skeleton_files[] = {
    {"etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"
                   "belljar:x:999:999:belljar:/:/usr/sbin/nologin\n"
                   "runner:x:1000:1000:runner:/box:/bin/sh\n"
                   "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n"},
    {"etc/group", "root:x:0:\n"
                  "tty:x:5:\n"
                  "belljar:x:999:\n"
                  "runner:x:1000:\n"
                  "nogroup:x:65534:\n"},
    {"etc/hosts", "127.0.0.1 localhost\n"
                  "127.0.1.1 belljar\n"
                  "::1 localhost ip6-localhost ip6-loopback\n"},
    {"etc/hostname", "belljar\n"},
    {"etc/nsswitch.conf", NSSWITCH("files")},
    {"etc/resolv.conf", ""},
    {"etc/timezone", "Etc/UTC\n"},
};

static const struct {
    const char *path, *target;
} skeleton_links[] = {
    {"etc/mtab", "../proc/self/mounts"},
    {"etc/localtime", "../usr/share/zoneinfo/Etc/UTC"},
    {"var/tmp", "../tmp"},
    {"var/run", "../run"},
};

static const char *const devices[] = {"null", "zero", "full", "random", "urandom", "tty"};

enum usr_state { USR_ABSENT, USR_LINK, USR_DIRECTORY };

static enum usr_state usr_look(const char *name, char *ret_target, size_t size)
{
    char path[16];
    snprintf(path, sizeof(path), "/%s", name);
    ssize_t len = readlink(path, ret_target, size - 1);
    if (len >= 0) {
        ret_target[len] = '\0';
        return USR_LINK;
    }
    return errno == EINVAL ? USR_DIRECTORY : USR_ABSENT;
}

size_t catalogue_layers(bool network, bool prepared, struct boxd_layer ret[BOXD_LAYERS_MAX])
{
    size_t count = 0;
    if (network) {
        ret[count++] = (struct boxd_layer){.id = LAYER_NETWORK};
    }
    ret[count++] = (struct boxd_layer){.id = LAYER_HOST_ETC};
    ret[count++] = (struct boxd_layer){.id = LAYER_SKELETON};
    ret[count++] = (struct boxd_layer){.id = LAYER_HOST_USR, .target = "usr"};
    if (prepared) {
        ret[count++] = (struct boxd_layer){.id = LAYER_PREPARED, .target = LAYER_PREPARED_TARGET};
    }
    for (uint32_t i = 0; i < ARRAY_LEN(usr_names); i++) {
        char target[PATH_MAX];
        if (usr_look(usr_names[i], target, sizeof(target)) == USR_DIRECTORY) {
            struct boxd_layer *layer = &ret[count++];
            *layer = (struct boxd_layer){.id = LAYER_HOST_FIRST_EXTRA + i};
            snprintf(layer->target, sizeof(layer->target), "%s", usr_names[i]);
        }
    }
    return count;
}

size_t launch_host_layers(uint32_t ret[BOX_LAYERS_MAX])
{
    struct boxd_layer layers[BOXD_LAYERS_MAX];
    size_t count = catalogue_layers(false, false, layers);
    for (size_t i = 0; i < count; i++) {
        ret[i] = layers[i].id;
    }
    return count;
}

static int dir_make(int at, const char *path, mode_t mode, struct err *e)
{
    return mkdirat(at, path, mode) < 0 ? err_sys(e, "mkdir '%s'", path) : 0;
}

static int file_make(int at, const char *path, const char *text, struct err *e)
{
    AUTO(fd_closep) int fd = openat(at, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) {
        return err_sys(e, "create '%s'", path);
    }
    return fd_write_all(fd, text, strlen(text), e);
}

static int link_make(int at, const char *path, const char *target, struct err *e)
{
    return symlinkat(target, at, path) < 0 ? err_sys(e, "link '%s'", path) : 0;
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

static int skeleton_fill(int dir, struct err *e)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(skeleton_dirs); i++) {
        r = dir_make(dir, skeleton_dirs[i], 0755, e);
    }
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(skeleton_files); i++) {
        r = file_make(dir, skeleton_files[i].path, skeleton_files[i].text, e);
    }
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(skeleton_links); i++) {
        r = link_make(dir, skeleton_links[i].path, skeleton_links[i].target, e);
    }
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(usr_names); i++) {
        char target[PATH_MAX];
        enum usr_state state = usr_look(usr_names[i], target, sizeof(target));
        if (state == USR_LINK) {
            r = link_make(dir, usr_names[i], target, e);
        } else if (state == USR_DIRECTORY) {
            r = dir_make(dir, usr_names[i], 0755, e);
        }
    }
    return r < 0 ? err_wrap(e, "the skeleton") : 0;
}

static int etc_fill(int dir, struct err *e)
{
    static const char *const dirs[] = {"etc", "var", "var/lib"};
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        int r = dir_make(dir, dirs[i], 0755, e);
        if (r < 0) {
            return r;
        }
    }
    AUTO(fd_closep) int etc = openat(dir, "etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO(fd_closep) int var_lib = openat(dir, "var/lib", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (etc < 0 || var_lib < 0) {
        return err_sys(e, "open 'etc' or 'var/lib'");
    }
    int r = catalogue_copy_etc(etc, e);
    return r < 0 ? r : catalogue_copy_var_lib(var_lib, e);
}

/* Names are asked for; who answers is in boxproto/egress_config.h. */
static int network_fill(int dir, struct err *e)
{
    static const char resolv_conf[] = "nameserver " EGRESS_RESOLVER "\n"
                                      "options edns0 timeout:3 attempts:2\n";
    int r = dir_make(dir, "etc", 0755, e);
    r = r < 0 ? r : file_make(dir, "etc/resolv.conf", resolv_conf, e);
    return r < 0 ? r : file_make(dir, "etc/nsswitch.conf", NSSWITCH("files dns"), e);
}

/* What is being built: `c`, on the tmpfs `root`. */
struct tree {
    const struct catalogue *c;
    int prepared; /* a copy of its mount, made before the tmpfs could cover it; -1: none */
    int root;
};

static int layer_make(const struct tree *t, const struct boxd_layer *layer, struct err *e)
{
    char path[32];
    snprintf(path, sizeof(path), "layers/%u", layer->id);
    int r = dir_make(t->root, path, 0755, e);
    if (r < 0) {
        return r;
    }
    if (layer->id == LAYER_PREPARED) {
        return t->prepared < 0 ? 0 : tree_mount(t->prepared, t->root, path, e);
    }
    if (layer->target[0]) {
        return host_layer_bind(t->root, layer->id, layer->target, e);
    }
    AUTO(fd_closep) int dir = openat(t->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        return err_sys(e, "open '%s'", path);
    }
    switch (layer->id) {
    case LAYER_NETWORK:
        return network_fill(dir, e);
    case LAYER_SKELETON:
        return skeleton_fill(dir, e);
    default:
        return etc_fill(dir, e);
    }
}

static int layers_make(const struct tree *t, struct err *e)
{
    struct boxd_layer layers[BOXD_LAYERS_MAX];
    size_t count = catalogue_layers(t->c->network, t->c->prepared, layers);
    int r = dir_make(t->root, "layers", 0755, e);
    for (size_t i = 0; r == 0 && i < count; i++) {
        r = layer_make(t, &layers[i], e);
    }
    return r;
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
    int r = dir_make(root, "dev", 0755, e);
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(devices); i++) {
        char source[32], path[32];
        snprintf(source, sizeof(source), "/dev/%s", devices[i]);
        snprintf(path, sizeof(path), "dev/%s", devices[i]);
        r = file_make(root, path, "", e);
        if (r == 0) {
            r = mount_copy(source, root, path, 0, ATTR_DEVICE, e);
        }
    }
    return r;
}

static int proc_bind(int root, struct err *e)
{
    int r = dir_make(root, "proc", 0555, e);
    if (r < 0) {
        return r;
    }
    return mount_copy("/proc", root, "proc", AT_RECURSIVE, 0, e);
}

static int tun_bind(int root, struct err *e)
{
    int r = file_make(root, "tun", "", e);
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
        r = dir_make(root, "empty", 0755, e);
    }
    if (r == 0) {
        r = dir_make(root, "mask", 0755, e);
    }
    if (r == 0) {
        r = dir_make(root, "mnt", 0755, e);
    }
    if (r == 0) {
        r = catalogue_make_base(root, own_devices, e);
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
static int prepared_copy(const struct catalogue *c, int *ret_fd, struct err *e)
{
    if (c->prepared == NULL) {
        return 0;
    }
    int r = tree_copy(c->prepared, 0, ATTR_LAYER, ret_fd, e);
    return r == -ERR_NOT_FOUND ? 0 : r;
}

int catalogue_build(const struct catalogue *c, int *ret_root_fd, bool *ret_own_devices,
                    struct err *e)
{
    mode_t old_mask = umask(0); /* the modes above are meant as they stand */
    AUTO(fd_closep) int prepared = -1;
    AUTO(fd_closep) int root = -1;
    int r = prepared_copy(c, &prepared, e);
    r = r < 0 ? r : tmpfs_mount(c->exe_path, &root, e);
    if (r == 0) {
        const struct tree tree = {c, prepared, root};
        r = tree_fill(&tree, ret_own_devices, e);
    }
    umask(old_mask);
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
