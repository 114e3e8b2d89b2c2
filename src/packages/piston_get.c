/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/piston_get.h"

#include <fcntl.h>

#include "base/below.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "packages/fetcher.h"
#include "packages/piston_index.h"
#include "packages/piston_package.h"
#include "packages/store.h"
#include "packages/tree_writer.h"
#include "packages/workshop.h"

#define INFO_MAX    ((size_t)64 * 1024)
#define PACKAGE_MAX ((uint64_t)4 << 30)
#define BYTES_MAX   ((uint64_t)16 << 30)
#define INODES_MAX  1000000

static void writer_freep(struct tree_writer **w)
{
    tree_writer_free(*w);
}

static int unpack(const char *digest, const char *dir, const struct fetcher *fetcher,
                  struct workshop *workshop, const struct stage *stage, struct err *e)
{
    AUTO(fd_closep) int archive = -1;
    int r = fetcher_open(fetcher, digest, &archive, e);
    if (r < 0) {
        return r;
    }
    const struct tree_writer_options options = {
        .dir_fd = stage->tree_fd, .prefix = dir, .max_bytes = BYTES_MAX, .max_inodes = INODES_MAX};
    AUTO(writer_freep) struct tree_writer *writer = tree_writer_new(&options);
    return workshop_unpack(workshop, archive, writer, e);
}

static int open_of(int tree_fd, const char *dir, const char *name, int *ret_fd, struct err *e)
{
    AUTO(mem_freep) char *path = xasprintf("%s/%s", dir, name);
    int fd = below_open(tree_fd, path, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0) {
        return err_sys(e, "%s in the package", name);
    }
    *ret_fd = fd;
    return 0;
}

int piston_package_read(const struct piston_entry *entry, int tree_fd, struct piston_package **ret,
                        struct err *e)
{
    AUTO(mem_freep) char *dir = piston_package_dir(entry);
    AUTO(buf_done) struct buf text = {0};
    AUTO(fd_closep) int info = -1;
    AUTO(fd_closep) int run = -1;
    AUTO(fd_closep) int compile = -1;
    struct err absent;
    int r = open_of(tree_fd, dir, "pkg-info.json", &info, e);
    r = r < 0 ? r : open_of(tree_fd, dir, "run", &run, e);
    r = r < 0 ? r : fd_read_all(info, INFO_MAX, &text, e);
    r = r < 0 ? r : piston_info_parse(text.data ? text.data : "", text.len, ret, e);
    if (r == 0) {
        (*ret)->compiles = open_of(tree_fd, dir, "compile", &compile, &absent) == 0;
    }
    return r;
}

int piston_package_get(const struct piston_entry *entry, struct fetcher *fetcher,
                       struct workshop *workshop, const struct stage *stage,
                       struct piston_package **ret, struct err *e)
{
    const struct fetch_item item = {
        .url = entry->url, .digest = entry->digest, .max_bytes = PACKAGE_MAX};
    AUTO(mem_freep) char *dir = piston_package_dir(entry);
    int r = fetcher_get(fetcher, &item, 1, e);
    if (r < 0) {
        return r;
    }
    r = unpack(entry->digest, dir, fetcher, workshop, stage, e);
    return r < 0 ? r : piston_package_read(entry, stage->tree_fd, ret, e);
}
