#pragma once
/*
 * local - a whole belljar inside this process: boxd, the catalogue of runtimes and an engine on one
 * loop.
 *
 * Signals that ask for an end (SIGINT, SIGTERM, SIGHUP) and the loss of boxd are told to `stopped`;
 * whoever runs the loop then ends it.  local_stop leaves no process, mount or cgroup behind.
 */
#include <stdint.h>

#include "base/log.h"
#include "cli/prepared_dir.h"

struct config;
struct engine;
struct err;
struct loop;
struct runtimes;
struct sandbox;

/* signo: which signal; 0: boxd is gone. */
typedef void local_stopped_fn(void *ctx, int signo);

struct local {
    struct loop *loop;
    struct engine *engine;
    struct runtimes *runtimes;
    uint32_t features;         /* enum box_feature: what this host gives */
    local_stopped_fn *stopped; /* set these two before the loop runs */
    void *stopped_ctx;
    int signo; /* the last signal that came; 0: none */
    /* --- for local.c --- */
    struct log log;
    struct instance *instance;
    struct sandbox *sandbox;
    int boxd_pid;
    char *cache;
    struct owned_dir prepared, packages;
};

/* As few boxes as the caller needs: one run, or questions to several tools at a time. */
int local_start(const struct config *c, unsigned boxes, struct local **ret, struct err *e);
void local_stop(struct local *l); /* NULL is fine */
void local_stopp(struct local **l);
