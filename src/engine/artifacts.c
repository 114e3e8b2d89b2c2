/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/artifacts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/err.h"
#include "boxproto/boxarchive.h"
#include "model/result.h"

static int by_path(const void *left, const void *right)
{
    const struct result_file *a = left, *b = right;
    return strcmp(a->path, b->path);
}

bool artifacts_parse(const char *data, size_t size, uint64_t *left, struct stage_result *ret)
{
    bool all = true;
    struct boxarchive_item item;
    size_t used = 0;
    struct err ignored; /* what is broken ends here; what came before it is good */
    for (size_t at = 0; at < size; at += used + item.size) {
        if (boxarchive_parse(data + at, size - at, &item, &used, &ignored) <= 0 ||
            item.size > size - at - used) {
            return false;
        }
        if (item.type == BOXARCHIVE_FILE && item.size <= *left) {
            stage_result_add_file(ret, item.path, data + at + used, item.size);
            *left -= item.size;
        } else {
            all = false;
        }
    }
    return all;
}

void artifacts_read(int fd, uint64_t size, uint64_t *left, struct stage_result *ret)
{
    if (size == 0) {
        return;
    }
    /* It is sealed: nobody can make it shorter under the reader. */
    void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) {
        ret->files_missed = true;
        return;
    }
    ret->files_missed |= !artifacts_parse(data, size, left, ret);
    munmap(data, size);
    if (ret->file_count > 1) {
        qsort(ret->files, ret->file_count, sizeof(ret->files[0]), by_path);
    }
}
