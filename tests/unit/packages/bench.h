#pragma once
/*
 * bench - a store in a directory of its own, and the trees that tests put into it.
 */
#include <stdint.h>
#include <sys/types.h>

#include "packages/store.h"

struct manifest;

struct bench {
    char dir[48];
    int dir_fd;
    struct package_store *store;
};

int bench_setup(void **state);
int bench_teardown(void **state);
void bench_open(struct bench *b); /* again, as a later process would */
void bench_close(struct bench *b);

/* In a tree; directories above must be there. */
void put_dir(int tree_fd, const char *path);
void put_file(int tree_fd, const char *path, const char *text, mode_t mode);
void put_link(int tree_fd, const char *path, const char *target);
/* A stage with one file that says `text`. */
void stage_make(struct bench *b, const char *text, struct stage *ret);
/* Commits such a one; its id. */
uint32_t layer_make(struct bench *b, const char *text);
bool is_there(const struct bench *b, const char *path);
unsigned count_in(const struct bench *b, const char *folder);

/* A runtime with these layers, of which the first `own` are its own. */
int runtime_put(struct bench *b, const char *id, const uint32_t *layers, size_t count, size_t own,
                struct err *e);
struct manifest *manifest_make(const char *id, const uint32_t *layers, size_t count, size_t own);

#define assert_done(call, e)                                                                       \
    do {                                                                                           \
        if ((call) != 0) {                                                                         \
            fail_msg("%s", (e).text);                                                              \
        }                                                                                          \
    } while (0)
