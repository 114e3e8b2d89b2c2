#pragma once
/*
 * layer_walk - goes through a tree in the one order that a layer's digest has: depth first, names
 * sorted as bytes.
 *
 * The tree may be a stranger's work: everything is opened by one name below the descriptor of its
 * directory, no link is followed, no other mount entered; what cannot be part of a layer is
 * refused.  Nobody writes to the tree meanwhile.
 */
#include <stdint.h>
#include <sys/stat.h>

struct err;

#define LAYER_DEPTH_MAX  100     /* directories in each other */
#define LAYER_PATH_MAX   4000    /* an absolute path in a box has to fit PATH_MAX */
#define LAYER_INODES_MAX 1000000 /* names of one tree */

enum layer_type {
    LAYER_DIR = 'd',
    LAYER_FILE = 'f',
    LAYER_LINK = 'l',
    LAYER_WHITEOUT = 'w', /* of overlayfs: a character device 0/0 */
};

struct layer_node {
    enum layer_type type;
    const char *path; /* from the top; that itself is "" */
    int dir_fd;       /* where it is ... */
    const char *name; /* ... by this name; the top is "." */
    struct stat st;   /* as it was before `enter` */
};

struct layer_visitor {
    int (*enter)(void *ctx, const struct layer_node *node, struct err *e);
    int (*leave)(void *ctx, const struct layer_node *node,
                 struct err *e); /* directories; or NULL */
    void *ctx;
};

int layer_walk(int tree_fd, const struct layer_visitor *visitor, struct err *e);

/* A path as an error can show it: what is not plain ASCII is escaped, what is long is cut. */
struct layer_shown {
    char text[128];
};
struct layer_shown layer_shown(const char *path);
