/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay - gives a harness each file of directories: the corpus, in builds that are no fuzzers.
 *
 * An input is allocated to the byte, so that a sanitizer sees a read behind it.  A directory
 * without files is a failure.
 */
#include <dirent.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "fuzz.h"

#define INPUT_MAX ((size_t)1 << 20)

static int is_input(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

static int replay_file(const char *dir, const char *name, struct err *e)
{
    AUTO(mem_freep) char *path = xasprintf("%s/%s", dir, name);
    AUTO(buf_done) struct buf text = {0};
    int r = fd_read_path(path, INPUT_MAX, &text, e);
    if (r < 0) {
        return r;
    }
    AUTO(mem_freep) uint8_t *input = xmalloc(text.len > 0 ? text.len : 1);
    if (text.len > 0) {
        memcpy(input, text.data, text.len);
    }
    fprintf(stderr, "%s\n", path); /* the last one is the one that failed */
    LLVMFuzzerTestOneInput(input, text.len);
    return 0;
}

static int replay_dir(const char *dir, struct err *e)
{
    struct dirent **all;
    int count = scandir(dir, &all, is_input, alphasort), r = 0;
    if (count < 0) {
        return err_sys(e, "reading '%s'", dir);
    }
    for (int i = 0; i < count; i++) {
        r = r < 0 ? r : replay_file(dir, all[i]->d_name, e);
        free(all[i]);
    }
    free(all);
    if (count == 0) {
        return err_set(e, ERR_INVALID, "'%s' has no files: nothing was replayed", dir);
    }
    printf("%d inputs of %s\n", count, dir);
    return r;
}

int main(int argc, char **argv)
{
    struct err e = {0};
    for (int i = 1; i < argc; i++) {
        if (replay_dir(argv[i], &e) < 0) {
            fprintf(stderr, "replay: %s\n", e.text);
            return EXIT_FAILURE;
        }
    }
    return argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
