/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A good configuration of boxd, with bytes changed: (offset, offset, value) three by three.  What
 * boxd takes must be within what its tables hold.
 */
#include <string.h>

#include "base/err.h"
#include "boxproto/boxd_config.h"
#include "fuzz.h"

static const struct boxd_config good = {
    .version = BOXD_CONFIG_VERSION,
    .flags = BOXD_OWN_IDS,
    .boxes = 4,
    .id_base = 100000,
    .maxima = {.memory_bytes = 1 << 20, .disk_bytes = 1, .disk_inodes = 1, .processes = 1},
    .layer_count = 2,
    .layers = {{1, ""}, {2, "usr/lib"}},
};

static void check_layers(const struct boxd_config *c)
{
    REQUIRE(c->layer_count <= BOXD_LAYERS_MAX);
    for (uint32_t i = 0; i < c->layer_count; i++) {
        const char *target = c->layers[i].target;
        REQUIRE(memchr(target, '\0', sizeof(c->layers[i].target)) != NULL);
        REQUIRE(target[0] != '/' && strstr(target, "..") != target);
        REQUIRE(strstr(target, "/../") == NULL && strstr(target, "//") == NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct boxd_config c = good;
    struct err e = {0};
    for (size_t i = 0; i + 2 < size; i += 3) {
        size_t offset = (size_t)(data[i] << 8 | data[i + 1]) % sizeof(c);
        memcpy((char *)&c + offset, &data[i + 2], 1);
    }
    if (boxd_config_check(&c, &e) < 0) {
        REQUIRE(e.text[0] != '\0');
        return 0;
    }
    REQUIRE(c.boxes >= 1 && c.boxes <= BOXD_BOXES_MAX && c.maxima.processes > 0);
    REQUIRE((c.flags & BOXD_OWN_IDS) == 0 ||
            (c.id_base > 0 && c.id_base + 2 * (uint64_t)c.boxes < UINT32_MAX));
    check_layers(&c);
    return 0;
}
