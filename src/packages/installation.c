/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/installation.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/strv.h"

const struct installer *const installers[] = {&installer_debian, &installer_npm, &installer_own,
                                              NULL};

void installation_add_part(struct installation *in, const char *kind, const char *name,
                           const char *version)
{
    in->parts = xreallocarray(in->parts, in->part_count + 1, sizeof(*in->parts));
    in->parts[in->part_count++] =
        (struct manifest_part){xstrdup(kind), xstrdup(name), xstrdup(version)};
}

bool installation_count(const struct installation *in, const char *download)
{
    if (in->counted && *in->counted && strv_has(*in->counted, download)) {
        return false;
    }
    if (in->counted) {
        strv_add(in->counted, download);
    }
    return true;
}

void installation_done(struct installation *in)
{
    for (size_t n = 0; in->parts && n < in->part_count; n++) {
        free(in->parts[n].kind);
        free(in->parts[n].name);
        free(in->parts[n].version);
    }
    free(in->parts);
    free(in->layers);
    buf_done(&in->planned);
}
