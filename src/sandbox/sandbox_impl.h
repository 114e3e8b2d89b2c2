#pragma once
/*
 * sandbox_impl - what sandbox.c, box.c and box_*.c know of each other.
 *
 * A box is over when boxd has said how (ENDED or FAILED), each output stream has come to its end,
 * and the product, if one was asked for, is whole or given up.  Each of these may come last;
 * whoever learns of one calls box_progress, which tells `ended` and may free the box: nothing may
 * touch the box after it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/loop.h"
#include "boxproto/boxproto.h"
#include "sandbox/chan.h"
#include "sandbox/sandbox.h"

#define SCRATCH_BYTES     ((size_t)64 * 1024)
#define SANDBOX_LISTENERS 4
#define WALK_LISTENERS    2
/* After boxd has spoken every process is dead: what has not come by then will not. */
#define SETTLE_NS (10 * NS_PER_S)

struct sandbox_listener {
    sandbox_lost_fn *lost;
    sandbox_room_fn *room;
    void *ctx;
};

/* A walk over the boxes: few are asked at a time, so that the answers find room in the socket. */
struct sandbox_walk {
    uint32_t next;
    unsigned asked; /* and not answered */
    bool under_way;
    struct walk_listener {
        void (*done)(void *ctx);
        void *ctx; /* NULL: none */
    } listeners[WALK_LISTENERS];
    struct loop_defer tell;
};

struct sandbox {
    struct loop *loop;
    const struct log *log;
    struct chan boxd;
    struct box_boxd_hello hello;
    struct box **boxes;  /* by number; NULL: none, or freed and not yet DESTROYED */
    bool *taken;         /* by number: between CREATE and DESTROYED */
    uint32_t *free_list; /* a stack of the numbers that are not taken */
    uint32_t free_count;
    bool lost;
    uint64_t settle_ns; /* SETTLE_NS, but in tests */
    struct sandbox_listener listeners[SANDBOX_LISTENERS];
    struct sandbox_walk walk;
    char *scratch; /* SCRATCH_BYTES, for one call */
};

/* Until its descriptor comes a stream is WAITING; what will never come is DONE. */
enum stream_state { STREAM_WAITING, STREAM_OPEN, STREAM_DONE };

struct box_out {
    struct box *box;
    enum box_stream stream;
    enum stream_state state;
    bool paused;
    int fd;
    struct loop_io io;
};

struct box_in {
    enum stream_state state;
    bool end;     /* EOF after the queue */
    bool is_pty;  /* EOF is a character, and the stream stays open */
    bool waiting; /* stdin_room is owed */
    int fd;
    struct loop_io io;
    struct buf queue;
    size_t offset; /* of the queue that has been written */
};

struct box_product_in {
    enum stream_state state; /* DONE also when nothing was asked for */
    bool wanted, eof, confirmed;
    int pipe_fd, file_fd;
    struct loop_io io;
    uint64_t size, size_max;
    bool some, missed; /* box_program.collect_some; not all of it */
};

struct box {
    struct sandbox *sandbox; /* NULL once the connection object is gone */
    uint32_t number;
    struct box_events events;
    struct box_maxima maxima; /* of CREATE; START repeats them */
    struct chan control;
    enum box_stdio stdio;
    struct box_out out[2];
    struct box_in in;
    struct box_product_in product;
    struct box_report report;
    struct box_measure measured;
    struct loop_timer settle;
    unsigned stalls; /* how often in a row it was met with a listener that takes nothing */
    bool built, warm, started, killed;
    bool ended;    /* boxd has said how */
    bool told;     /* `ended` was called */
    unsigned busy; /* in a callback: box_free then waits for its return */
    bool freed;
};

/* sandbox.c */
int sandbox_send(struct sandbox *s, const void *msg, size_t len, const int *fds, size_t fd_count,
                 struct err *e);
int sandbox_number_take(struct sandbox *s, struct box *b, uint32_t *ret_number, struct err *e);
void sandbox_number_give(struct sandbox *s, uint32_t number);

/* sandbox_measure.c */
void walk_answered(struct sandbox *s, const struct box_used *used);
void walk_end(struct sandbox *s); /* boxd is lost */
void walk_forget(struct sandbox *s, const void *ctx);

/* box.c */
void box_on_ended(struct box *b, const struct box_ended *ended);
void box_on_failed(struct box *b, const struct err *why);
void box_lose(struct box *b, const struct err *why);             /* boxd is gone */
void box_detach(struct box *b);                                  /* the sandbox is freed */
void box_set_failure(struct box *b, const struct err *why);      /* the first one stays */
void box_set_told_failure(struct box *b, const struct err *why); /* of boxd or init */
void box_progress(struct box *b);
void box_settle_later(struct box *b); /* it must be over in a while, whatever is missing */
/* Around each callback that is not the last; false: the box is gone. */
void box_busy_begin(struct box *b);
bool box_busy_end(struct box *b);

/* box_control.c */
int box_control_open(struct box *b, int sock, struct err *e); /* takes the socket */

/* box_stdio.c */
void box_stdio_init(struct box *b);
void box_stdio_prepare(struct box *b, const struct box_program *p);
void box_stdio_start(struct box *b); /* what a spare offered is listened to from here on */
int box_stdio_open(struct box *b, int *fds, size_t fd_count, struct err *e);
int box_stdio_open_pty(struct box *b, int *master, struct err *e);
void box_stdio_give_up(struct box *b); /* what has not come will not */
void box_stdio_drain(struct box *b);   /* every writer is dead: an empty pipe is at its end */
void box_stdio_finish(struct box *b);  /* nobody listens any more; closed with the box */
bool box_stdio_done(const struct box *b);
bool box_stdio_paused(const struct box *b);
void box_stdio_close_in(struct box *b);
void box_stdio_close(struct box *b);

/* box_product.c */
void box_product_init(struct box *b);
void box_product_prepare(struct box *b, const struct box_program *p);
int box_product_open(struct box *b, int *pipe_fd, struct err *e);
void box_product_confirm(struct box *b, bool missed);
void box_product_give_up(struct box *b);
bool box_product_done(const struct box *b);
