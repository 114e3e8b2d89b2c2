/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch CACHE_DIR [URL DIGEST SIZE MAX]...: fetcher_get by itself, for tests/packages.
 * fetch CACHE_DIR URL MAX: fetcher_text, to stdout.
 * Exit status: the kind of the error, which stderr tells.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "packages/fetcher.h"
#include "packages/progress.h"

#define WORDS 4 /* of an item */

static void on_step(void *ctx, const char *what, enum progress_phase phase, uint64_t done,
                    uint64_t total)
{
    (void)ctx;
    (void)phase;
    printf("%s: %llu/%llu\n", what, (unsigned long long)done, (unsigned long long)total);
}

static int get(struct fetcher *f, char **words, size_t count, struct err *e)
{
    AUTO(mem_freep) struct fetch_item *items = xcalloc(count + 1, sizeof(*items));
    for (size_t i = 0; i < count; i++, words += WORDS) {
        items[i] = (struct fetch_item){words[0], words[1], strtoull(words[2], NULL, 10),
                                       strtoull(words[3], NULL, 10)};
    }
    int r = fetcher_get(f, items, count, e);
    for (size_t i = 0; r == 0 && i < count; i++) {
        AUTO(fd_closep) int fd = -1;
        r = fetcher_open(f, items[i].digest, &fd, e);
    }
    return r;
}

static int text(struct fetcher *f, char **words, struct err *e)
{
    AUTO(buf_done) struct buf b = {0};
    int r = fetcher_text(f, words[0], (size_t)atol(words[1]), &b, e);
    fwrite(b.data, 1, b.len, stdout);
    return r;
}

int main(int argc, char **argv)
{
    if (argc < 2 || (argc != 4 && (argc - 2) % WORDS != 0)) {
        return EXIT_FAILURE;
    }
    struct err e;
    AUTO(fd_closep) int dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct progress progress = {.step = on_step};
    struct fetcher *f = fetcher_new(dir, argc == 4 ? NULL : &progress);
    int r = argc == 4 ? text(f, argv + 2, &e) : get(f, argv + 2, (size_t)(argc - 2) / WORDS, &e);
    fetcher_free(f);
    if (r < 0) {
        fprintf(stderr, "%s\n", e.text);
    }
    return -r;
}
