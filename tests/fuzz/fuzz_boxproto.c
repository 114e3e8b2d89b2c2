/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as a message of the three sockets and as an archive: whatever parses must be within its
 * bounds, and an archive must end after as many steps as it has bytes.
 */
#include <string.h>

#include "base/err.h"
#include "boxproto/boxarchive.h"
#include "boxproto/boxproto.h"
#include "fuzz.h"

static void parse_archive(const uint8_t *data, size_t size)
{
    struct boxarchive_item item;
    struct err e = {0};
    size_t used = 0;
    while (boxarchive_parse(data, size, &item, &used, &e) == 1) {
        if (used > size || boxarchive_check_path(item.path, &e) < 0) {
            abort();
        }
        data += used;
        size -= used;
        if (item.size > size) {
            return;
        }
        data += item.size;
        size -= item.size;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (box_msg_check(data, size, UINT32_MAX)) {
        struct box_head head;
        memcpy(&head, data, sizeof head);
        bool longer = head.type == BOX_MSG_INIT_START || head.type == BOX_MSG_WARM;
        if (size < box_msg_size(head.type) ||
            (size > box_msg_size(head.type) && head.type != BOX_MSG_DATA && !longer)) {
            abort();
        }
    }
    parse_archive(data, size);
    return 0;
}
