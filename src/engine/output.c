/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/output.h"

size_t output_take(struct output *o, size_t len)
{
    uint64_t room = o->max - o->used;
    size_t kept = len < room ? len : (size_t)room;
    o->used += kept;
    o->truncated |= kept < len;
    return kept;
}
