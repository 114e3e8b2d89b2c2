/* SPDX-License-Identifier: Apache-2.0 */
#include "runtimes/nearest.h"

#include <stdbool.h>
#include <stddef.h>

void nearest_see(struct nearest *n, struct runtime *runtime, const struct semver *version)
{
    bool is_below = semver_compare(version, &n->wanted) < 0;
    bool was_below = semver_compare(&n->version, &n->wanted) < 0;
    int order = semver_compare(version, &n->version);
    bool nearer = is_below == was_below ? (is_below ? order > 0 : order < 0) : was_below;
    if (n->runtime == NULL || nearer) {
        n->runtime = runtime;
        n->version = *version;
    }
}
