/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/tty.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

void tty_size(int fd, uint16_t *ret_rows, uint16_t *ret_columns)
{
    struct winsize size = {0};
    bool known = ioctl(fd, TIOCGWINSZ, &size) == 0;
    *ret_rows = known && size.ws_row ? size.ws_row : TTY_ROWS;
    *ret_columns = known && size.ws_col ? size.ws_col : TTY_COLUMNS;
}

/* Drain, not flush: what was typed ahead is the program's. */
static int raw_set(struct tty *t, struct err *e)
{
    struct termios raw = t->before;
    cfmakeraw(&raw);
    t->raw = true; /* of a failure half way there is something to put back */
    return tcsetattr(t->fd, TCSADRAIN, &raw) < 0 ? err_sys(e, "the terminal") : 0;
}

int tty_raw(struct tty *t, struct err *e)
{
    if (t->raw) {
        return 0;
    }
    return tcgetattr(t->fd, &t->before) < 0 ? err_sys(e, "the terminal") : raw_set(t, e);
}

/*
 * SIGTTOU is blocked: a process in the background that ends would else be stopped here for ever.
 * The settings are then the shell's own anyway.
 */
void tty_restore(struct tty *t)
{
    sigset_t stop, before;
    if (!t->raw) {
        return;
    }
    sigemptyset(&stop);
    sigaddset(&stop, SIGTTOU);
    pthread_sigmask(SIG_BLOCK, &stop, &before);
    tcsetattr(t->fd, TCSADRAIN, &t->before);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    t->raw = false;
}

static void tty_on_window(void *ctx, int signo)
{
    struct tty *t = ctx;
    uint16_t rows, columns;
    (void)signo;
    tty_size(t->fd, &rows, &columns);
    if (t->resized) {
        t->resized(t->ctx, rows, columns);
    }
}

static void tty_on_stop(void *ctx, int signo)
{
    struct tty *t = ctx;
    (void)signo;
    bool raw = t->raw;
    tty_restore(t);
    raise(SIGSTOP);
    t->raw = raw; /* SIGCONT has come, and is told next */
}

/* After a stop of any kind: a shell has had the terminal, and the window may be another one. */
static void tty_on_continue(void *ctx, int signo)
{
    struct tty *t = ctx;
    struct err e;
    if (t->raw) {
        (void)raw_set(t, &e); /* a terminal that is gone is met by the next read */
    }
    tty_on_window(t, signo);
}

int tty_watch(struct tty *t, struct err *e)
{
    static const struct {
        int signo;
        loop_signal_fn *fn;
    } rows[] = {
        {SIGWINCH, tty_on_window},
        {SIGTSTP, tty_on_stop},
        {SIGCONT, tty_on_continue},
    };
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(rows); i++) {
        r = loop_signal_add(t->loop, rows[i].signo, rows[i].fn, t, e);
    }
    return r;
}
