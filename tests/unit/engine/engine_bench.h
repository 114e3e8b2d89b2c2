#pragma once
/*
 * engine_bench - an engine on a fake boxd, and an observer that writes down what it hears.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "engine/engine.h"

struct err;
struct fake_boxd;
struct queue_item;
struct sandbox;

/* What one observer heard. */
struct heard {
    struct engine_job *job; /* NULL after finished */
    char order[64];         /* one letter a call: L Uu Cc Rr o F */
    struct buf output;
    enum verdict verdict;
    struct result result; /* without its buffers */
    char both[64], out[64];
    int rooms;
    bool pause;
    char cancel_at; /* the letter at which it cancels silently */
};
void heard_done(struct heard *h);

struct bench {
    struct fake_boxd *boxd;
    struct engine *engine;
};

struct bench bench_new(uint32_t boxes, unsigned slots, unsigned queue_max);
struct bench bench_of(uint32_t boxes, const struct engine_config *config);
void bench_done(struct bench *b);

int submit(struct bench *b, struct heard *h, struct job *job, struct err *e);
void submitted(struct bench *b, struct heard *h, struct job *job); /* and run until it waits */
int submit_ticket(struct bench *b, struct heard *h, const struct queue_item *item, bool forced,
                  struct err *e);

struct job *bash_job(void);
struct job *c_job(void);

/* The box of an unpack or compile stage ends well, with a product. */
void stage_ends(struct bench *b, uint32_t box, const char *product);

/* Another boxd, after fake_hang_up; *old is to be freed when the engine has the new one. */
struct sandbox *boxd_again(struct fake_boxd *f, struct sandbox **old);
void boxd_restarts(struct bench *b);
