/* SPDX-License-Identifier: Apache-2.0 */
#include "boxproto/boxd_config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "boxproto/weaken.h"

#define FLAGS_ALL (BOXD_ROOT | BOXD_OWN_IDS | BOXD_OWN_DEVICES | BOXD_EGRESS | BOXD_STAGE)

/* Single numbers: name, where, and the range. */
static const struct range {
    const char *name;
    size_t offset;
    uint32_t min, max;
} ranges[] = {
    {"version", offsetof(struct boxd_config, version), BOXD_CONFIG_VERSION, BOXD_CONFIG_VERSION},
    {"flags", offsetof(struct boxd_config, flags), 0, FLAGS_ALL},
    {"boxes", offsetof(struct boxd_config, boxes), 1, BOXD_BOXES_MAX},
    {"processes", offsetof(struct boxd_config, maxima.processes), 1, 1 << 22},
    {"cgroup", offsetof(struct boxd_config, cgroup), BOX_CGROUP_NONE, BOX_CGROUP_V2},
    {"layer_count", offsetof(struct boxd_config, layer_count), 0, BOXD_LAYERS_MAX},
    {"log_level", offsetof(struct boxd_config, log_level), LOG_LEVEL_DEBUG, LOG_LEVEL_NONE},
};

static int ranges_check(const struct boxd_config *config, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        const struct range *r = &ranges[i];
        uint32_t value;
        memcpy(&value, (const char *)config + r->offset, sizeof(value));
        if (value < r->min || value > r->max) {
            return err_set(e, ERR_INVALID,
                           "boxd's config: %s is %" PRIu32 ", not %" PRIu32 " to %" PRIu32, r->name,
                           value, r->min, r->max);
        }
    }
    return 0;
}

/* "", or names joined by single slashes, none of them "." or "..". */
static bool target_valid(const char *target, size_t cap)
{
    if (memchr(target, '\0', cap) == NULL) {
        return false;
    }
    if (target[0] == '\0') {
        return true;
    }
    for (const char *name = target;; name++) {
        size_t len = strcspn(name, "/");
        if (len == 0 || (len <= 2 && strspn(name, ".") == len)) {
            return false;
        }
        name += len;
        if (name[0] == '\0') {
            return true;
        }
    }
}

static int layers_check(const struct boxd_config *config, struct err *e)
{
    for (uint32_t i = 0; i < config->layer_count; i++) {
        const struct boxd_layer *layer = &config->layers[i];
        if (!target_valid(layer->target, sizeof(layer->target))) {
            return err_set(e, ERR_INVALID, "boxd's config: bad target of layer %" PRIu32,
                           layer->id);
        }
        for (uint32_t k = 0; k < i; k++) {
            if (config->layers[k].id == layer->id) {
                return err_set(e, ERR_INVALID, "boxd's config: layer %" PRIu32 " is there twice",
                               layer->id);
            }
        }
    }
    return 0;
}

int boxd_config_check(const struct boxd_config *config, struct err *e)
{
    int r = ranges_check(config, e);
    r = r < 0 ? r : layers_check(config, e);
    if (r < 0) {
        return r;
    }
    /* What two overlays write to one directory is undefined. */
    if ((config->flags & BOXD_STAGE) != 0 && config->boxes != 1) {
        return err_set(e, ERR_INVALID, "boxd's config: %" PRIu32 " boxes on one stage",
                       config->boxes);
    }
    if ((config->weaken != 0 || config->caps_left_out != 0) && !WEAKEN_BUILD) {
        return err_set(e, ERR_INVALID, "boxd's config: only a test build leaves defences out");
    }
    /* A tmpfs of size 0 has no limit, and so would a leaf. */
    const struct box_maxima *m = &config->maxima;
    if (m->memory_bytes == 0 || m->disk_bytes == 0 || m->disk_inodes == 0) {
        return err_set(e, ERR_INVALID, "boxd's config: a maximum of 0 for memory, disk or inodes");
    }
    /* Never host root, never -1, never around. */
    uint64_t last = (uint64_t)config->id_base + 2 * (uint64_t)config->boxes;
    if ((config->flags & BOXD_OWN_IDS) != 0 && (config->id_base == 0 || last >= UINT32_MAX)) {
        return err_set(e, ERR_INVALID, "boxd's config: id_base %" PRIu32 " for %" PRIu32 " boxes",
                       config->id_base, config->boxes);
    }
    return 0;
}

int boxd_config_read(int fd, struct boxd_config *ret, struct err *e)
{
    const int want = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK;
    struct boxd_config config;
    struct stat st;
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || fstat(fd, &st) < 0) {
        return err_sys(e, "boxd's config (descriptor %d)", fd);
    }
    if ((seals & want) != want || st.st_size != sizeof(config)) {
        return err_set(e, ERR_INVALID, "boxd's config is not sealed, or not %zu bytes",
                       sizeof(config));
    }
    if (pread(fd, &config, sizeof(config), 0) != (ssize_t)sizeof(config)) {
        return err_sys(e, "reading boxd's config");
    }
    int r = boxd_config_check(&config, e);
    if (r < 0) {
        return r;
    }
    *ret = config;
    return 0;
}
