#pragma once
/*
 * sandbox - the server's side of boxes: the connection to boxd, and one object per box.
 *
 * A box is one stage of one job: created, started, watched, freed.  Loop thread only.  Callbacks
 * are never called from inside box_start, box_kill or box_free.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boxproto/boxproto.h"

struct box;
struct err;
struct log;
struct loop;
struct sandbox;

/*
 * `lost` is called once when the connection ends: every box has then got its `ended` with
 * BOX_END_LOST.  It may free the sandbox; no other callback may.
 */
typedef void sandbox_lost_fn(void *ctx);
/* A place for a box is free again after sandbox_full() was true. */
typedef void sandbox_room_fn(void *ctx);

/* Takes the socket.  Blocks, at most 10 s, for boxd's HELLO.  Ignores SIGPIPE from then on. */
int sandbox_new(struct loop *loop, int boxd_sock, const struct log *log, struct sandbox **ret,
                struct err *e);
/* Ends what runs: each box gets its `ended` with BOX_END_LOST; box_free stays due.  NULL is fine.
 */
void sandbox_free(struct sandbox *s);
/* Adds a listener (4 at most); either function may be NULL.  sandbox_forget removes those of ctx,
 * and a sandbox_measure of it. */
void sandbox_on_lost(struct sandbox *s, sandbox_lost_fn *lost, sandbox_room_fn *room, void *ctx);
void sandbox_forget(struct sandbox *s, void *ctx);
const struct box_boxd_hello *sandbox_hello(const struct sandbox *s);
bool sandbox_full(const struct sandbox *s); /* also when it is lost */
bool sandbox_is_lost(const struct sandbox *s);
unsigned sandbox_live(const struct sandbox *s); /* boxes not yet DESTROYED */
/*
 * Asks boxd what each box uses now (box_measured); `done` is called from the loop when it has
 * answered for all, or is lost.  Who asks while it is under way hears of that one; two at most, one
 * a `ctx`.
 */
void sandbox_measure(struct sandbox *s, void (*done)(void *ctx), void *ctx);

struct box_spec {
    const uint32_t *layers;
    size_t layer_count;
    enum box_class class;
    bool network; /* a way out; the launcher offers it */
    struct box_maxima maxima;
};

struct box_program {
    char *const *argv; /* NULL-ended */
    char *const *env;
    char *const *collect; /* NULL: nothing is collected */
    uint64_t collect_bytes;
    /* Regular files, as many as fit, also of a program that a limit of time or output ended; what
     * is left out is no failure. */
    bool collect_some;
    const void *archive; /* a boxarchive; copied, or ... */
    size_t archive_size;
    int archive_fd; /* ... a sealed memfd of that size, shared with others (not taken); else -1 */
    enum box_stdio stdio;
    int stdio_fds[3]; /* with BOX_STDIO_FILE: stdin, stdout, stderr; not taken */
    uint16_t rows, columns;
    bool merge_stderr, tell_started;
    uint64_t wall_ns, cpu_ns;
    uint64_t stack_bytes, address_bytes; /* 0: unlimited */
    uint64_t file_bytes;                 /* 0: unlimited; BOX_FILE_NOTHING: not a byte */
    uint64_t data_bytes;                 /* of one process, rounded up to MiB; 0: unlimited */
    uint32_t open_files, processes;
};

enum box_stream { BOX_STDOUT = 1, BOX_STDERR = 2 };

/*
 * `ended.head` is not filled.  All output has been told, and the product is there, when this is
 * called.  failure.kind != 0: with BOX_END_LOST the box could not be built or the program not
 * started (text says why), ERR_GONE when boxd was lost; with another end the program ran, but its
 * product could not be had.  ERR_UNSUPPORTED: the program's own file cannot be executed.
 */
struct box_report {
    struct box_ended ended;
    struct err failure;
    int product_fd; /* a sealed memfd with a boxarchive, owned by the receiver; or -1 */
    uint64_t product_size;
    bool product_missed; /* with collect_some: it is not all that was there */
    bool may_have_run;   /* GO was given, as far as is known: the program is not to be run again */
};

struct box_events {
    void (*built)(void *ctx);   /* its namespaces and mounts are there; may be NULL */
    void (*started)(void *ctx); /* with tell_started; may be NULL */
    /* Return false to stop hearing this stream until box_resume (the program then blocks).  When
     * the program has ended, what was not resumed within a minute is dropped. */
    bool (*output)(void *ctx, enum box_stream stream, const char *data, size_t len);
    /* Once, last; call box_free in it or later. */
    void (*ended)(void *ctx, struct box_report *report);
    void (*stdin_room)(void *ctx); /* what box_stdin queued has all been written; may be NULL */
    void *ctx;
};

/* ERR_BUSY when sandbox_full().  *ret gets its events until box_free. */
int box_new(struct sandbox *s, const struct box_spec *spec, const struct box_events *events,
            struct box **ret, struct err *e);
int box_start(struct box *b, const struct box_program *p, struct err *e);
/*
 * A box that is not started is a spare.  box_warm starts the program in it that will be asked for,
 * up to where it opens `wait`, which is the name of its main file (see init/warm.h); box_start then
 * brings what is not known before.  Of `p` box_warm takes argv, env, stdio and its files,
 * merge_stderr, cpu_ns and the limits of a process; box_start must be given the same of these, and
 * takes the rest.  No terminal.  A warm-up that ends early is told by `ended`.
 */
int box_warm(struct box *b, const struct box_program *p, const char *wait, struct err *e);
bool box_is_warm(const struct box *b);
/* Before box_start: somebody else hears what becomes of it from here on. */
void box_claim(struct box *b, const struct box_events *events);
bool box_is_built(const struct box *b); /* `built` was told, or would have been */
/* Queues bytes for stdin and sends what fits; box_stdin_pending says what still waits. */
void box_stdin(struct box *b, const void *data, size_t len);
void box_stdin_end(struct box *b); /* EOF after what is queued; on a terminal BOX_PTY_EOF */
#define BOX_PTY_EOF '\004'         /* ^D */
size_t box_stdin_pending(const struct box *b);
void box_signal(struct box *b, int signo);
void box_resize(struct box *b, uint16_t rows, uint16_t columns);
void box_resume(struct box *b, enum box_stream stream);
void box_kill(struct box *b, enum box_kill_cause cause);
struct box_measure {
    uint64_t memory_bytes, cpu_ns; /* 0: not known */
};
struct box_measure box_measured(const struct box *b); /* by the last sandbox_measure */
/* No more callbacks; the box is destroyed, killed first if it lives.  From any callback. */
void box_free(struct box *b);
