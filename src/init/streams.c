/* SPDX-License-Identifier: Apache-2.0 */
#include "init/streams.h"

#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "init/channel.h"
#include "init/fence.h"
#include "init/start.h"

static int put(int fd, int at, struct err *e)
{
    return dup2(fd, at) < 0 ? err_sys(e, "box init: descriptor %d", at) : 0;
}

/* 0 to 2 get another owner first: what boxd had there ends here, and no pipe may land on them. */
static int occupy(struct err *e)
{
    int r = 0;
    for (int i = 0; r == 0 && i <= STDERR_FILENO; i++) {
        r = put(BOX_FD_WATCH, i, e);
    }
    return r;
}

/* Whose what init makes from here on is. */
static void become_owner(const struct fence *f, uid_t id)
{
    if (f->two_ids) {
        setfsgid(id);
        setfsuid(id);
    }
}

/* Puts our ends at 0 to 2. */
static int make_pipes(int ret_theirs[3], struct err *e)
{
    int r = 0;
    for (int i = 0; r == 0 && i <= STDERR_FILENO; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) < 0) {
            return err_sys(e, "box init: making pipes");
        }
        int mine = i == STDIN_FILENO ? 0 : 1;
        ret_theirs[i] = ends[!mine];
        r = put(ends[mine], i, e);
        fd_close(ends[mine]);
    }
    return r;
}

int streams_open(const struct fence *f, struct err *e)
{
    int theirs[3] = {-1, -1, -1};
    int r = occupy(e);
    if (r < 0) {
        return r;
    }
    /* A pipe is its maker's alone, and the program must be able to open /dev/stdin by that name. */
    become_owner(f, BOX_USER_UID);
    r = make_pipes(theirs, e);
    become_owner(f, BOX_INIT_UID);
    if (r == 0) {
        r = channel_send(BOX_FD_CONTROL, BOX_MSG_HELLO, theirs, ARRAY_LEN(theirs), e);
    }
    for (int i = 0; r == 0 && i <= STDERR_FILENO; i++) {
        fd_close(theirs[i]);
    }
    return r;
}

static int set_files(const struct start *s, struct err *e)
{
    int r = 0;
    for (int i = 0; r == 0 && i <= STDERR_FILENO; i++) {
        r = put(s->stdio_fds[i], i, e);
        fd_close(s->stdio_fds[i]);
    }
    return r;
}

/* The slave belongs to whoever opens the master, and the program must be able to open it again. */
static int set_pty(const struct start *s, int *ret_master, struct err *e)
{
    AUTO(fd_closep) int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0) {
        return err_sys(e, "box init: open '/dev/ptmx'");
    }
    int unlocked = 0;
    struct winsize size = {.ws_row = s->msg.rows, .ws_col = s->msg.columns};
    if (ioctl(master, TIOCSPTLCK, &unlocked) < 0 || ioctl(master, TIOCSWINSZ, &size) < 0) {
        return err_sys(e, "box init: setting up a pty");
    }
    AUTO(fd_closep) int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0) {
        return err_sys(e, "box init: opening a pty's slave");
    }
    int r = 0;
    for (int i = 0; r == 0 && i <= STDERR_FILENO; i++) {
        r = put(slave, i, e);
    }
    if (r == 0) {
        *ret_master = TAKE(&master, -1);
    }
    return r;
}

int streams_set(const struct start *s, int *ret_master, struct err *e)
{
    int r = 0;
    if (s->msg.stdio == BOX_STDIO_PTY) {
        return set_pty(s, ret_master, e);
    }
    if (s->msg.stdio == BOX_STDIO_FILE) {
        r = set_files(s, e);
    }
    if (r == 0 && (s->msg.flags & BOX_START_MERGE_STDERR)) {
        r = put(STDOUT_FILENO, STDERR_FILENO, e);
    }
    if (r == 0) {
        *ret_master = -1;
    }
    return r;
}

/* Output pipes stay open for as long as init lives: their end would wake the server, which learns
 * it from boxd together with all else. */
void streams_close(const struct start *s)
{
    int last = s->msg.stdio == BOX_STDIO_PIPE ? STDIN_FILENO : STDERR_FILENO;
    syscall(SYS_close_range, STDIN_FILENO, last, 0);
}
