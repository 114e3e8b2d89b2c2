#pragma once
/*
 * catalogue - the tree of layers that boxd serves boxes from (its shape: boxproto/boxd_config.h).
 *
 * Built on a tmpfs in a mount namespace of the caller's own, by the child that then becomes boxd:
 * nothing of it is ever seen outside, and it is gone with that process.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "boxproto/boxd_config.h"

struct err;

struct catalogue {
    int init_fd;
    const char *exe_path; /* must stay visible */
    const char *prepared; /* a directory of the host; NULL: there is no such layer */
    const char *packages; /* of the package store; NULL: there is none */
    const char *stage;    /* to which the one box writes; NULL: there is none */
    bool network;
    uint64_t weaken;
};

/* What is there on this host: the rows of launch_host_layers, and these. */
struct catalogue_parts {
    bool network, prepared, store;
};
struct catalogue_parts catalogue_parts_of(const struct catalogue *c);
size_t catalogue_layers(struct catalogue_parts parts, struct boxd_layer ret[BOXD_LAYERS_MAX]);

/*
 * The caller is alone in a fresh mount namespace.  *ret_own_devices: device nodes can be made here;
 * else the tree has dev/.
 */
int catalogue_build(const struct catalogue *c, int *ret_root_fd, bool *ret_own_devices,
                    struct err *e);

/* catalogue_base.c: `base` and `cover` of the catalogue. */
int catalogue_make_base(int root_fd, bool own_devices, struct err *e);

/* catalogue_skeleton.c: the files of a layer that is belljar's own. */
int catalogue_fill(int dir_fd, uint32_t layer, struct err *e);
int catalogue_dir(int at, const char *path, mode_t mode, struct err *e);
int catalogue_file(int at, const char *path, const char *text, struct err *e);
int catalogue_link(int at, const char *path, const char *target, struct err *e);
/* The names of a host's own tree outside /usr: NULL where it is a link, or not there. */
#define CATALOGUE_USR_NAMES 7
const char *catalogue_usr_directory(size_t i);

/* catalogue_etc.c: copies the names of its table from the host's /etc into etc_fd. */
int catalogue_copy_etc(int etc_fd, struct err *e);
/* The same for the few things of runtimes that are in /var/lib. */
int catalogue_copy_var_lib(int var_lib_fd, struct err *e);
