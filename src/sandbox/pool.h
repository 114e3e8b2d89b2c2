#pragma once
/*
 * pool - spare boxes: made ahead of need, each taken by one job, never given back.
 *
 * A plain spare is a box in which nothing was started.  In a warm one the very command of a job was
 * started, and waits for its main file (box_warm).  What is asked for teaches the pool what to
 * make: nothing is made for what was asked for once, more where spares were missed, and what nobody
 * asks for any more is let go.  Loop thread only.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct box;
struct box_program;
struct box_spec;
struct log;
struct loop;
struct pool;
struct sandbox;

struct pool_config {
    unsigned boxes;        /* spares at one time; 0: none are ever made */
    unsigned depth;        /* ... of one kind */
    unsigned free_boxes;   /* so many places of boxd are left to others */
    unsigned cores;        /* spares are made while fewer programs run */
    uint64_t memory_bytes; /* of all of them; but for one whose kind is being measured */
    uint64_t idle_ns;      /* what was not asked for so long is let go */
    bool warm;
};

/* Two needs that are the same can be met by the same spare. */
struct pool_need {
    const struct box_spec *spec;
    const struct box_program *program; /* its command, streams and limits count; with `wait` only */
    const char *wait;                  /* the file that a warm one waits for; NULL: a plain one */
    const char *language;
    bool unhurried; /* it works for a while, and so long no other spare is missed */
};

struct pool_spare {
    struct box *box;
    int files[3];  /* with BOX_STDIO_FILE of a warm one: stdin (empty, not sealed) and outputs */
    uint64_t kind; /* for pool_spoiled */
};

struct pool *pool_new(struct loop *loop, const struct pool_config *config, const struct log *log);
void pool_free(struct pool *p); /* before the sandbox; NULL is fine */
/* Lets go of what is there.  NULL: there is none now. */
void pool_set_sandbox(struct pool *p, struct sandbox *sandbox);

/*
 * A spare for this need, or a plain one of its box; false: there is none.  Either way it was asked
 * for.  The receiver must box_claim and owns all of it.
 */
bool pool_take(struct pool *p, const struct pool_need *need, struct pool_spare *ret);
/* It will be asked for: from now on one is there always. */
void pool_expect(struct pool *p, const struct pool_need *need);
/* A spare of this kind failed when it was started: none of it are warm for a while. */
void pool_spoiled(struct pool *p, uint64_t kind);

/* A job that had a spare of this kind, and all that was in it, held so much at most: where boxd
 * cannot measure this is what is known. */
void pool_used(struct pool *p, uint64_t kind, uint64_t bytes);

void pool_running(struct pool *p, unsigned programs); /* so many have a slot now */
/* One box less, for a job that finds no place; false: there is none to let go. */
bool pool_give_way(struct pool *p);
/* Tools, packages: what was made of them is let go, and what was asked for or expected is
 * forgotten. */
void pool_drop(struct pool *p);
/* For good. */
void pool_stop(struct pool *p);

struct pool_stats {
    unsigned plain, warm;
    unsigned too_large;    /* kinds of which one holds more than all may */
    uint64_t memory_bytes; /* as measured, or guessed */
};
struct pool_stats pool_stats(const struct pool *p);
