#pragma once
/*
 * steward - the parent's hands for packages: what a server asks for (api/steward.h,
 * steward_rules.h) is done by `belljar pkg` and `belljar image`, this program itself, started with
 * the parent's rights and configuration.
 *
 * One change at a time; a fixed number wait, and as many questions that change nothing run beside.
 * A child writes to a pipe whose other end the server has, and does not wait for a server that does
 * not read it.  It outlives that server: its lines then go nowhere.  It ends with the parent.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/loop.h"

struct config;
struct err;
struct log;
struct owned_dir;
struct steward;

#define STEWARD_READERS     4
#define STEWARD_CHILDREN    (1 + STEWARD_READERS)
#define STEWARD_WAITING_MAX 16 /* of each of the two kinds */
#define STEWARD_UPLOADS     4

struct steward_config {
    struct loop *loop;
    const struct config *config;
    char *const *flags; /* that the configuration came from, for the children */
    const struct owned_dir *packages;
    const struct log *log, *audit;
    void (*ended)(void *ctx); /* a child */
    void *ctx;
};

struct steward_work;

struct steward_child {
    struct steward *steward;
    struct steward_work *work; /* NULL: there is none */
    pid_t pid;
    int pidfd;
    struct loop_io exit_io;
};

struct steward_queue { /* what waits, the oldest first */
    struct steward_work *all[STEWARD_WAITING_MAX];
    size_t count;
};

struct steward_upload {
    uint32_t number; /* 0: none */
    int fd;          /* for reading */
};

struct steward {
    struct steward_config config;
    int sock; /* -1: there is no server */
    struct loop_io io;
    struct steward_child children[STEWARD_CHILDREN]; /* the first one changes */
    struct steward_queue questions, changes;
    struct steward_upload uploads[STEWARD_UPLOADS];
    uint32_t last_upload;
    bool stopping;
};

void steward_init(struct steward *s, const struct steward_config *config);
/* For a new server, whose end is *ret_theirs; the one before has none any more. */
int steward_connect(struct steward *s, int *ret_theirs, struct err *e);
void steward_disconnect(struct steward *s);
/* Nothing more is done; what runs is asked to end, or killed. */
void steward_stop(struct steward *s, bool kill);
/* Installs what was put into the folder of packages by hand, beside the server. */
void steward_sync(struct steward *s);
bool steward_is_idle(const struct steward *s);
/* Of its children; gives their number. */
size_t steward_pids(const struct steward *s, pid_t ret[STEWARD_CHILDREN]);
void steward_done(struct steward *s); /* waits for them */
