/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/apt_granted.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"
#include "packages/apt.h"
#include "packages/dpkg_status.h"

static const struct {
    const char *package, *used;
} granted[] = {
    {"ucf", "util-linux"}, /* getopt */
};

static bool is_planned(const struct apt_plan *plan, const char *package)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (strcmp(plan->debs[i].package, package) == 0) {
            return true;
        }
    }
    return false;
}

bool apt_granted_add(const struct apt_plan *plan, const char *status, char ***packages)
{
    size_t before = strv_len(*packages);
    for (size_t i = 0; i < ARRAY_LEN(granted); i++) {
        AUTO(mem_freep) char *there = dpkg_status_version(status, granted[i].used);
        if (is_planned(plan, granted[i].package) && !is_planned(plan, granted[i].used) && !there) {
            strv_add(packages, granted[i].used);
        }
    }
    return strv_len(*packages) > before;
}
