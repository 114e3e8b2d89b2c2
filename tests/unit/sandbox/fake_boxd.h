#pragma once
/*
 * fake_boxd - a test that plays boxd and the init of each box, over the real sockets.
 *
 * Every send and receive is synchronous: what the other side wrote is there, so nothing waits.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "boxproto/boxproto.h"
#include "sandbox/sandbox.h"

#define FAKE_BOXES 8  /* that a test has, usually */
#define FAKE_INITS 40 /* at most */

struct fake_packet;

struct fake_init {
    int control;  /* init's end, from CREATE */
    int stdin_fd; /* the program's ends, after fake_hello */
    int stdout_fd, stderr_fd;
    int product_fd;  /* the write end, after fake_product */
    size_t rest_len; /* of a payload, the bytes that came with its message */
    char rest[BOX_PACKET_MAX];
};

struct fake_boxd {
    struct loop *loop;
    struct sandbox *sandbox;
    int sock;
    int server_sock; /* the sandbox owns it */
    struct fake_init init[FAKE_INITS];
    struct fake_packet *held[FAKE_BOXES]; /* came before what fake_destroy_comes waited for */
    size_t held_count;
};

/* A packet of any kind, and the descriptors that came with it (the reader closes them). */
struct fake_packet {
    union {
        struct box_head head;
        struct box_create create;
        struct box_start start;
        struct box_kill kill;
        struct box_init_start init_start;
        struct box_signal signal;
        char bytes[BOX_PACKET_MAX];
    };
    size_t len;
    int fds[8];
    size_t fd_count;
};

struct fake_boxd *fake_boxd_new(uint32_t boxes);
struct fake_boxd *fake_boxd_with(uint32_t boxes, uint32_t features); /* enum box_feature */
void fake_boxd_free(struct fake_boxd *f);
void fake_run(struct fake_boxd *f);     /* all rounds of the loop that have something to do */
void fake_hang_up(struct fake_boxd *f); /* boxd dies, and with it every box */

/* The next packet that boxd, or an init, got; asserts its type.  What came behind a message that
 * begins a payload is the next DATA. */
struct fake_packet *fake_boxd_gets(struct fake_boxd *f, enum box_msg type);
struct fake_packet *fake_init_gets(struct fake_boxd *f, uint32_t box, enum box_msg type);
void fake_boxd_gets_nothing(struct fake_boxd *f);
/* Whatever it is; NULL: boxd got nothing more. */
struct fake_packet *fake_boxd_gets_any(struct fake_boxd *f);
/* A DESTROY is among what has come; its box.  What came before it is still to be got. */
uint32_t fake_destroy_comes(struct fake_boxd *f);

/* CREATE, INIT_START with one DATA frame and START come in; the number of the box. */
uint32_t fake_takes_box(struct fake_boxd *f);
/* The same without CREATE: of a box that was there, maybe as a spare. */
uint32_t fake_starts(struct fake_boxd *f);

void fake_hello(struct fake_boxd *f, uint32_t box);
void fake_print(struct fake_boxd *f, uint32_t box, enum box_stream stream, const char *text);
void fake_closes_output(struct fake_boxd *f, uint32_t box);
void fake_init_says(struct fake_boxd *f, uint32_t box, enum box_msg type, int fd);
void fake_init_fails(struct fake_boxd *f, uint32_t box, enum err_kind kind, const char *text);
void fake_init_ends(struct fake_boxd *f, uint32_t box);
void fake_product(struct fake_boxd *f, uint32_t box);
void fake_ended(struct fake_boxd *f, uint32_t box, enum box_end end, int wait_status);
void fake_failed(struct fake_boxd *f, uint32_t box, enum err_kind kind, const char *text);
void fake_used(struct fake_boxd *f, uint32_t box, uint64_t memory_bytes, uint64_t cpu_ns);
void fake_destroyed(struct fake_boxd *f, uint32_t box);
/* HELLO, one line of output, EOF, ENDED. */
void fake_runs(struct fake_boxd *f, uint32_t box, const char *output, int wait_status);
