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

#include "boxproto/boxd_config.h"

struct err;

/* What is there on this host: the rows of launch_host_layers. */
size_t catalogue_layers(bool network, bool prepared, struct boxd_layer ret[BOXD_LAYERS_MAX]);

struct catalogue {
    int init_fd;
    const char *exe_path; /* must stay visible */
    const char *prepared; /* a directory of the host; NULL: there is no such layer */
    bool network;
    uint64_t weaken;
};

/*
 * The caller is alone in a fresh mount namespace.  *ret_own_devices: device nodes can be made here;
 * else the tree has dev/.
 */
int catalogue_build(const struct catalogue *c, int *ret_root_fd, bool *ret_own_devices,
                    struct err *e);

/* catalogue_base.c: `base` of the catalogue. */
int catalogue_make_base(int root_fd, bool own_devices, struct err *e);

/* catalogue_etc.c: copies the names of its table from the host's /etc into etc_fd. */
int catalogue_copy_etc(int etc_fd, struct err *e);
/* The same for the few things of runtimes that are in /var/lib. */
int catalogue_copy_var_lib(int var_lib_fd, struct err *e);
