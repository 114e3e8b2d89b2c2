#pragma once
/*
 * gated - a gate and a sieve, and keys in a directory of their own, for the tests of the dialects.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/api.h"
#include "api/gate.h"
#include "api/sieve.h"
#include "base/err.h"
#include "base/fd.h"
#include "keys/keys.h"

struct gated {
    char folder[32];
    int fd;
};

/* api has its loop, config and metrics. */
static inline void gated_open(struct gated *g, struct api *api)
{
    struct err e = {0};
    memcpy(g->folder, "/tmp/belljar-gate-XXXXXX", sizeof("/tmp/belljar-gate-XXXXXX"));
    assert_non_null(mkdtemp(g->folder));
    g->fd = open(g->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(keys_open(api->loop, g->fd, NULL, &api->keys, &e), 0);
    assert_int_equal(gate_new(api, &api->gate, &e), 0);
    assert_int_equal(sieve_new(api->loop, api->config, NULL, &api->sieve, &e), 0);
}

static inline void gated_close(struct gated *g, struct api *api)
{
    sieve_free(api->sieve);
    gate_free(api->gate);
    keys_free(api->keys);
    (void)unlinkat(g->fd, KEYS_FILE, 0);
    fd_close(g->fd);
    (void)rmdir(g->folder);
}
