/* SPDX-License-Identifier: Apache-2.0 */
#include "runtimes/package_watch.h"

#include <limits.h>
#include <stdalign.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"

#define SETTLE_NS (2 * NS_PER_S)

static bool names(const char *wanted, const char *events, size_t len)
{
    bool found = false;
    for (size_t at = 0; at < len;) {
        struct inotify_event event;
        memcpy(&event, events + at, sizeof(event));
        const char *name = events + at + sizeof(event);
        found = found || (event.mask & IN_Q_OVERFLOW) != 0 ||
                (event.len > 0 && (wanted != NULL ? strcmp(name, wanted) == 0 : name[0] != '.'));
        at += sizeof(event) + event.len;
    }
    return found;
}

static void on_event(void *ctx, unsigned events)
{
    struct package_watch *w = ctx;
    (void)events;

    alignas(struct inotify_event) char buffer[4096];
    ssize_t len;
    while ((len = read(w->fd, buffer, sizeof(buffer))) > 0) {
        if (names(w->name, buffer, (size_t)len)) {
            loop_timer_set(w->loop, &w->settle, loop_now_ns(w->loop) + w->settle_ns, w->fn, w->ctx);
        }
    }
}

int package_watch_start(struct package_watch *w, struct loop *loop, const char *dir,
                        const char *name, loop_fn *fn, void *ctx, struct err *e)
{
    *w = (struct package_watch){
        .loop = loop, .fd = -1, .name = name, .settle_ns = SETTLE_NS, .fn = fn, .ctx = ctx};
    AUTO(fd_closep) int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd < 0) {
        return err_sys(e, "inotify_init1");
    }
    if (inotify_add_watch(
            fd, dir, IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE | IN_ONLYDIR) < 0) {
        return err_sys(e, "watching '%s'", dir);
    }
    int r = loop_io_add(loop, &w->io, fd, EPOLLIN, on_event, w, e);
    if (r < 0) {
        return r;
    }
    w->fd = TAKE(&fd, -1);
    return 0;
}

void package_watch_stop(struct package_watch *w)
{
    if (w->loop == NULL) {
        return;
    }
    loop_io_remove(&w->io);
    loop_timer_cancel(&w->settle);
    fd_closep(&w->fd);
    w->loop = NULL;
}
