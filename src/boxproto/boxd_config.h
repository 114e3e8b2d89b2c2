#pragma once
/*
 * boxd_config - what boxd is told once, by the parent that starts it: never by the server.
 *
 * boxd starts with these descriptors open and no arguments:
 *   BOXD_FD_SERVER     the socket to the server
 *   BOXD_FD_CONFIG     a sealed memfd with one struct boxd_config
 *   BOXD_FD_CATALOGUE  the catalogue: the root directory (O_PATH) of a tmpfs of boxd's private
 *                      mount namespace
 *   BOXD_FD_FILTER     a sealed memfd with the boxes' system call filter (struct sock_filter[])
 *   BOXD_FD_OWN_FILTER, BOXD_FD_MAKER_FILTER
 *                      likewise, for boxd itself and for its maker of network namespaces
 *   BOXD_FD_EGRESS     with BOXD_EGRESS: the socket to belljar-egress
 * and the cgroup directories at the numbers that the config names.
 *
 * The catalogue, which boxd makes its own root before it serves anybody:
 *   init            a copy of belljar-init, executable by all
 *   layers/<id>     one directory a layer (a bind mount, or files on the tmpfs itself)
 *   layers/s        the layers of the package store, by their ids (from STORE_LAYER_FIRST on): a
 *                   bind mount, through which new ones are seen at once; empty without a store
 *   base            what lies above all layers of the root of each box: dev with the device nodes
 *                   (empty files where none can be made) and links, proc with `file` and
 *                   `directory`, both empty: what masks of /proc are made of
 *   cover           below that, and above all layers: what hides their dev and proc
 *   empty           an empty directory
 *   mask            likewise: where those masks lie while a box is built
 *   mnt             where a box's new root is put together, in the box's own mount namespace
 *   proc            the host's /proc (boxd writes id maps there; a user namespace may mount a new
 *                   proc only while a whole one is visible)
 *   tun             /dev/net/tun; with BOXD_EGRESS
 *   stage           with BOXD_STAGE: `root`, to which the box writes, and `work`, overlayfs' own
 *   dev/<name>      single device files, bound; only where device nodes cannot be made
 */
#include <stdint.h>

#include "boxproto/boxproto.h"

enum {
    BOXD_FD_SERVER = 3,
    BOXD_FD_CONFIG = 4,
    BOXD_FD_CATALOGUE = 5,
    BOXD_FD_FILTER = 6,
    BOXD_FD_EGRESS = 7,
    BOXD_FD_OWN_FILTER = 8,
    BOXD_FD_MAKER_FILTER = 9
};
#define BOXD_CONFIG_VERSION 1
#define BOXD_LAYERS_MAX     64
#define BOXD_BOXES_MAX      1024
#define BOXD_CLASSES        2 /* enum box_class */

/* Index of a v1 hierarchy; v2 uses BOXD_CG_MEMORY for its one. */
enum { BOXD_CG_MEMORY, BOXD_CG_PIDS, BOXD_CG_CPU, BOXD_CG_CPUACCT, BOXD_CG_COUNT };

/* Open files that boxd needs.  Of one box: leaf directories and their files, memory events, watch,
 * control, pidfd, network namespace; and of leaves that are kept. */
#define BOXD_FDS(boxes) (512 + 24 * (boxes))

enum boxd_config_flag {
    BOXD_ROOT = 1 << 0,    /* in the host's user namespace */
    BOXD_OWN_IDS = 1 << 1, /* id_base is ours: two ids a box; else all boxes map our own id, once */
    BOXD_OWN_DEVICES = 1 << 2, /* base has nodes; else bind catalogue/dev */
    BOXD_EGRESS = 1 << 3,      /* boxes may have a network */
    BOXD_STAGE = 1 << 4,       /* the one box' root can be written to: stage/root over its layers */
};

struct boxd_layer {
    uint32_t id;
    char target[28]; /* where it is put in a box: "" is the root, "usr" is /usr */
};

struct boxd_config {
    uint32_t version;
    uint32_t flags;
    uint32_t boxes;   /* at once */
    uint32_t id_base; /* box n: init has id_base + 2n, the program id_base + 2n + 1 (ids of boxd's
                         own user namespace) */
    struct box_maxima maxima;
    uint32_t cgroup;      /* enum box_cgroup */
    uint32_t cgroup_peak; /* memory.peak is there (v2) */
    uint32_t swap_limited;
    int32_t cgroup_fds[BOXD_CLASSES]
                      [BOXD_CG_COUNT]; /* directories; -1: that controller is not there */
    uint32_t layer_count;
    struct boxd_layer layers[BOXD_LAYERS_MAX];
    uint32_t log_level;
    /* Of a test build; 0: */
    uint32_t caps_left_out; /* capabilities that boxd does without */
    uint64_t weaken;        /* weaken.h */
};

struct err;

/* 0 when every field is within its range: what boxd asks of whoever starts it. */
int boxd_config_check(const struct boxd_config *config, struct err *e);
/* From a memfd that nobody can change any more; checked. */
int boxd_config_read(int fd, struct boxd_config *ret, struct err *e);
