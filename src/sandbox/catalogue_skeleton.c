/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layers whose files are belljar's own: what a box needs beside its tools.
 */
#include "sandbox/catalogue.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "boxproto/egress_config.h"
#include "sandbox/launch.h"

/* `host`: not in LAYER_GUEST, below which a whole system of its own lies. */
static const struct {
    const char *path;
    bool host;
} dirs[] = {
    {"box", false}, {"etc", false}, {"home", true}, {"mnt", true},
    {"opt", false}, {"root", true}, {"run", false}, {"sys", false},
    {"tmp", false}, {"usr", true},  {"var", false}, {LAYER_PREPARED_TARGET, false},
};

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
} files[] = {
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
} links[] = {
    {"etc/mtab", "../proc/self/mounts"},
    {"etc/localtime", "../usr/share/zoneinfo/Etc/UTC"},
    {"var/tmp", "../tmp"},
    {"var/run", "../run"},
};

/* --- the host's own tree outside /usr ------------------------------------------------------- */

static const char *const usr_names[] = {"bin", "sbin", "lib", "lib32", "lib64", "libx32", "libo32"};

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

const char *catalogue_usr_directory(size_t i)
{
    char target[PATH_MAX];
    bool is_directory = usr_look(usr_names[i], target, sizeof(target)) == USR_DIRECTORY;
    return is_directory ? usr_names[i] : NULL;
}

_Static_assert(ARRAY_LEN(usr_names) == CATALOGUE_USR_NAMES, "all of them are asked for");

static int usr_fill(int dir, struct err *e)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(usr_names); i++) {
        char target[PATH_MAX];
        enum usr_state state = usr_look(usr_names[i], target, sizeof(target));
        if (state == USR_LINK) {
            r = catalogue_link(dir, usr_names[i], target, e);
        } else if (state == USR_DIRECTORY) {
            r = catalogue_dir(dir, usr_names[i], 0755, e);
        }
    }
    return r;
}

/* --- making them ---------------------------------------------------------------------------- */

int catalogue_dir(int at, const char *path, mode_t mode, struct err *e)
{
    return mkdirat(at, path, mode) < 0 ? err_sys(e, "mkdir '%s'", path) : 0;
}

int catalogue_file(int at, const char *path, const char *text, struct err *e)
{
    AUTO(fd_closep) int fd = openat(at, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) {
        return err_sys(e, "create '%s'", path);
    }
    return fd_write_all(fd, text, strlen(text), e);
}

int catalogue_link(int at, const char *path, const char *target, struct err *e)
{
    return symlinkat(target, at, path) < 0 ? err_sys(e, "link '%s'", path) : 0;
}

static int skeleton_fill(int dir, bool host, struct err *e)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(dirs); i++) {
        r = host || !dirs[i].host ? catalogue_dir(dir, dirs[i].path, 0755, e) : 0;
    }
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(files); i++) {
        r = catalogue_file(dir, files[i].path, files[i].text, e);
    }
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(links); i++) {
        r = catalogue_link(dir, links[i].path, links[i].target, e);
    }
    r = r < 0 || !host ? r : usr_fill(dir, e);
    return r < 0 ? err_wrap(e, "the skeleton") : 0;
}

static int etc_fill(int dir, struct err *e)
{
    static const char *const parents[] = {"etc", "var", "var/lib"};
    for (size_t i = 0; i < ARRAY_LEN(parents); i++) {
        int r = catalogue_dir(dir, parents[i], 0755, e);
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
    int r = catalogue_dir(dir, "etc", 0755, e);
    r = r < 0 ? r : catalogue_file(dir, "etc/resolv.conf", resolv_conf, e);
    return r < 0 ? r : catalogue_file(dir, "etc/nsswitch.conf", NSSWITCH("files dns"), e);
}

int catalogue_fill(int dir, uint32_t layer, struct err *e)
{
    switch (layer) {
    case LAYER_NETWORK:
        return network_fill(dir, e);
    case LAYER_SKELETON:
    case LAYER_GUEST:
        return skeleton_fill(dir, layer == LAYER_SKELETON, e);
    default:
        return etc_fill(dir, e);
    }
}
