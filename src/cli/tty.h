#pragma once
/*
 * tty - the terminal of a session: raw while a program has it, and as it was before on every way
 * out.
 *
 * While it is raw no key makes a signal: ^C and ^Z are bytes for the program.  Signals that come
 * from elsewhere are heard by the loop, so that the terminal is put back before the process stops
 * or ends: SIGTSTP here (it is raw again after SIGCONT), those that ask for an end by the owner.
 */
#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

#include "base/loop.h"

struct err;

struct tty {
    struct loop *loop;
    int fd;
    /* The window has another size now.  NULL: nobody asks. */
    void (*resized)(void *ctx, uint16_t rows, uint16_t columns);
    void *ctx;
    /* --- for tty.c --- */
    bool raw;
    struct termios before;
};

#define TTY_ROWS    24 /* of what has no size */
#define TTY_COLUMNS 80
void tty_size(int fd, uint16_t *ret_rows, uint16_t *ret_columns);

/* Set the first four.  Hears of the window and of stops from now on; not raw yet. */
int tty_watch(struct tty *t, struct err *e);
int tty_raw(struct tty *t, struct err *e); /* twice is fine */
void tty_restore(struct tty *t);           /* likewise, and where it never was raw; fits AUTO */
