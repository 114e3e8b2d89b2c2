#pragma once
/*
 * rootfs - the files of one box, built in its own mount namespace.
 *
 * Runs in boxd's child, whose root is the catalogue; afterwards the box's root is "/" and nothing
 * of the catalogue can be reached.
 */
#include <sys/types.h>

#include "boxproto/boxd_config.h"

struct err;

struct rootfs {
    const struct boxd_config *config;
    const struct box_create *create; /* layers known, limits clamped */
    uint32_t features;               /* BOX_FEATURE_OVERLAY and _PROC are looked at */
    uid_t owner;                     /* of BOX_WORK_DIR */
};

int rootfs_enter(const struct rootfs *r, struct err *e);

/* A layer of the catalogue by its id, or NULL: also of the store's. */
const struct boxd_layer *layer_find(const struct boxd_config *config, uint32_t id);
