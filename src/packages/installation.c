/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/installation.h"

#include "base/mem.h"

void installation_add_part(struct installation *in, const char *kind, const char *name,
                           const char *version)
{
    in->parts = xreallocarray(in->parts, in->part_count + 1, sizeof(*in->parts));
    in->parts[in->part_count++] =
        (struct manifest_part){xstrdup(kind), xstrdup(name), xstrdup(version)};
}
