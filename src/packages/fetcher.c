/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/fetcher.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/table.h"
#include "packages/fetch_transfer.h"
#include "packages/progress.h"

#define PARALLEL_MAX   6
#define TURN_MAX_MS    1000
#define TOLD_EACH_MS   100
#define NAME_MAX_CHARS 48

struct fetcher {
    int cache_fd;
    int lock_fd; /* of the cache: nobody takes away what was got (downloads.h) */
    struct progress *progress;
    CURLM *multi;
    bool hurried;
};

/* The transfers of one call. */
struct batch {
    struct fetcher *fetcher;
    struct fetch_transfer *transfers;
    size_t count, running, left; /* left: not whole yet */
    uint64_t bytes_known;        /* of all of them */
    uint64_t told_ns;
};

struct fetcher *fetcher_new(int cache_fd, struct progress *progress)
{
    struct fetcher *f = xcalloc(1, sizeof(*f));
    curl_global_init(CURL_GLOBAL_DEFAULT);
    f->cache_fd = cache_fd;
    f->lock_fd = openat(cache_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)flock(f->lock_fd, LOCK_SH); /* held against who removes for a moment only */
    f->progress = progress;
    f->multi = curl_multi_init();
    if (!f->multi) {
        abort(); /* no memory, as in base/mem */
    }
    return f;
}

void fetcher_free(struct fetcher *f)
{
    if (!f) {
        return;
    }
    curl_multi_cleanup(f->multi);
    curl_global_cleanup();
    fd_close(f->lock_fd);
    free(f);
}

void fetcher_hurry(struct fetcher *f)
{
    f->hurried = true;
}

/* --- a batch ------------------------------------------------------------------------------- */

static void batch_done(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        struct fetch_transfer *t = &b->transfers[i];
        if (t->easy) {
            curl_multi_remove_handle(b->fetcher->multi, t->easy);
        }
        fetch_transfer_done(t);
    }
    free(b->transfers);
}

/* The last name of its URL, as it may stand on a terminal. */
static void name_add(const char *url, struct buf *ret)
{
    size_t len = strcspn(url, "?#");
    const char *slash = memrchr(url, '/', len);
    const char *name = slash ? slash + 1 : url;
    buf_add_str(ret, "");
    for (size_t i = 0; name + i < url + len && i < NAME_MAX_CHARS; i++) {
        char c = name[i];
        if (c <= ' ' || c >= 0x7f) {
            c = '?';
        }
        buf_add_char(ret, c);
    }
}

/* The first that is not whole, or the last of all. */
static const char *url_now(const struct batch *b)
{
    size_t i = 0;
    while (i + 1 < b->count && !b->transfers[i].easy) {
        i++;
    }
    return b->transfers[i].url;
}

static void batch_tell(struct batch *b, bool at_once)
{
    const struct progress *p = b->fetcher->progress;
    uint64_t now = clock_mono_ns(&clock_system), done = 0;
    if (!p || (!at_once && now < b->told_ns + TOLD_EACH_MS * NS_PER_MS)) {
        return;
    }
    b->told_ns = now;
    for (size_t i = 0; i < b->count; i++) {
        done += fetch_transfer_have(&b->transfers[i]);
    }
    AUTO(buf_done) struct buf what = {0};
    name_add(url_now(b), &what);
    if (b->count > 1) {
        buf_add_fmt(&what, ", %zu of %zu files", b->count - b->left, b->count);
    }
    p->step(p->ctx, what.data, PROGRESS_DOWNLOAD, done, b->bytes_known);
}

/* Begins what is due; *ret_wait_ns: until the next one is. */
static void batch_begin_due(struct batch *b, uint64_t *ret_wait_ns)
{
    uint64_t now = clock_mono_ns(&clock_system);
    *ret_wait_ns = TURN_MAX_MS * NS_PER_MS;
    for (size_t i = 0; i < b->count; i++) {
        struct fetch_transfer *t = &b->transfers[i];
        if (!t->easy || t->under_way) {
            continue;
        }
        if (t->not_before_ns > now) {
            uint64_t wait = t->not_before_ns - now;
            *ret_wait_ns = wait < *ret_wait_ns ? wait : *ret_wait_ns;
        } else if (b->running < PARALLEL_MAX) {
            fetch_transfer_begin(t);
            t->under_way = true;
            b->running++;
            curl_multi_add_handle(b->fetcher->multi, t->easy);
        }
    }
}

static int batch_collect(struct batch *b, struct err *e)
{
    int queued;
    for (CURLMsg *msg; (msg = curl_multi_info_read(b->fetcher->multi, &queued));) {
        if (msg->msg != CURLMSG_DONE) {
            continue;
        }
        CURLcode code = msg->data.result;
        void *private = NULL;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &private);
        struct fetch_transfer *t = private;
        curl_multi_remove_handle(b->fetcher->multi, t->easy);
        t->under_way = false;
        b->running--;
        int r = fetch_transfer_end(t, code, e);
        if (r < 0) {
            return r;
        }
        if (r == 0) {
            fetch_transfer_done(t);
            b->left--;
        }
    }
    return 0;
}

static int batch_run(struct batch *b, struct err *e)
{
    CURLM *multi = b->fetcher->multi;
    int r = 0;
    while (r == 0 && b->left > 0) {
        uint64_t wait_ns;
        int running;
        batch_begin_due(b, &wait_ns);
        size_t begun = b->running;
        CURLMcode code = curl_multi_perform(multi, &running);
        r = code == CURLM_OK ? batch_collect(b, e)
                             : err_set(e, ERR_IO, "libcurl: %s", curl_multi_strerror(code));
        batch_tell(b, b->left == 0);
        /* What has ended made room: it is filled before anything is waited for. */
        if (r == 0 && b->running == begun) {
            curl_multi_poll(multi, NULL, 0, (int)(wait_ns / NS_PER_MS) + 1, NULL);
        }
    }
    return r;
}

/* --- files --------------------------------------------------------------------------------- */

static uint64_t max_bytes(const struct fetch_item *item)
{
    if (item->max_bytes > 0) {
        return item->max_bytes;
    }
    return item->size > 0 ? item->size : FETCH_MAX_BYTES;
}

static int batch_add(struct batch *b, const struct fetch_item *item, struct err *e)
{
    struct fetch_transfer *t = &b->transfers[b->count];
    *t = (struct fetch_transfer){.url = item->url, .max_bytes = max_bytes(item)};
    t->file.fd = -1;
    int r = fetch_digest_parse(item->digest, &t->digest, e);
    if (r == 0) {
        r = fetch_file_open(&t->file, b->fetcher->cache_fd, &t->digest, e);
    }
    if (r == 1) {
        return 0;
    }
    if (r == 0) {
        r = fetch_transfer_init(t, e);
    }
    b->count++;
    b->left++;
    b->bytes_known += item->size;
    /* More than it may be: of something else. */
    if (r == 0 && t->file.have > t->max_bytes) {
        r = fetch_file_restart(&t->file, e);
    }
    return r < 0 ? err_wrap(e, "%.90s", item->url) : 0;
}

/* Each digest once. */
static int batch_fill(struct batch *b, const struct fetch_item *items, size_t count, struct err *e)
{
    struct table seen = {0};
    AUTO(mem_freep) struct table_node *nodes = xcalloc(count, sizeof(*nodes));
    int r = 0;
    for (size_t i = 0; r == 0 && i < count; i++) {
        if (!table_find(&seen, items[i].digest)) {
            table_add(&seen, &nodes[i], items[i].digest);
            r = batch_add(b, &items[i], e);
        }
    }
    table_done(&seen);
    return r;
}

int fetcher_get(struct fetcher *f, const struct fetch_item *items, size_t count, struct err *e)
{
    AUTO(batch_done) struct batch b = {.fetcher = f};
    b.transfers = xcalloc(count > 0 ? count : 1, sizeof(*b.transfers));
    int r = batch_fill(&b, items, count, e);
    return r < 0 ? r : batch_run(&b, e);
}

int fetcher_open(const struct fetcher *f, const char *digest, int *ret_fd, struct err *e)
{
    struct fetch_digest parsed;
    int r = fetch_digest_parse(digest, &parsed, e);
    if (r < 0) {
        return r;
    }
    int fd = openat(f->cache_fd, parsed.name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return err_sys(e, "'%s' in the cache", parsed.name);
    }
    *ret_fd = fd;
    return 0;
}

/* --- texts --------------------------------------------------------------------------------- */

int fetcher_text(struct fetcher *f, const char *url, size_t max, struct buf *ret, struct err *e)
{
    AUTO(buf_done) struct buf text = {0};
    AUTO(batch_done) struct batch b = {.fetcher = f};
    b.transfers = xcalloc(1, sizeof(*b.transfers));
    *b.transfers =
        (struct fetch_transfer){.url = url, .max_bytes = max, .text = &text, .hurried = f->hurried};
    b.transfers->file.fd = -1;
    b.count = b.left = 1;
    int r = fetch_transfer_init(b.transfers, e);
    r = r < 0 ? r : batch_run(&b, e);
    if (r == 0) {
        buf_add(ret, text.data ? text.data : "", text.len);
    }
    return r;
}
