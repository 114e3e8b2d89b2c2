/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/keys.h"

#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/rand.h"
#include "keys/keys_file.h"

struct keys {
    int dir_fd; /* ours */
    const struct log *log;
    struct key *all;
    size_t count;
    bool needed; /* stays: a server does not open again because of what happens to a file */
    int watch_fd;
    struct loop_io watch_io;
};

/* --- the server's ------------------------------------------------------------------------ */

static void keys_replace(struct keys *k, struct key *all, size_t count)
{
    free(k->all);
    k->all = all;
    k->count = count;
    k->needed = k->needed || count > 0;
}

static void keys_reload(struct keys *k)
{
    struct key *all = NULL;
    size_t count = 0;
    struct err e = {0};
    int r = keys_file_read(k->dir_fd, &all, &count, &e);
    if (r == -ERR_NOT_FOUND && !k->needed) {
        return;
    }
    if (r < 0) {
        LOG_ERROR(k->log, "the keys cannot be read; those of before stay", log_s("error", e.text));
        return;
    }
    keys_replace(k, all, count);
    LOG_INFO(k->log, "the keys were read", log_i("keys", (int64_t)count));
}

static bool names_keys(const char *events, size_t len)
{
    bool found = false;
    for (size_t at = 0; at < len;) {
        struct inotify_event event;
        memcpy(&event, events + at, sizeof(event));
        const char *name = events + at + sizeof(event);
        found = found || (event.mask & IN_Q_OVERFLOW) != 0 ||
                (event.len > 0 && strcmp(name, KEYS_FILE) == 0);
        at += sizeof(event) + event.len;
    }
    return found;
}

static void on_event(void *ctx, unsigned events)
{
    struct keys *k = ctx;
    (void)events;

    alignas(struct inotify_event) char buffer[4096];
    bool found = false;
    ssize_t len;
    while ((len = read(k->watch_fd, buffer, sizeof(buffer))) > 0) {
        found = names_keys(buffer, (size_t)len) || found;
    }
    if (found) {
        keys_reload(k);
    }
}

/* A revoked key must not be good until the next start, so no server runs without this. */
static int watch(struct keys *k, struct loop *loop, struct err *e)
{
    char path[32];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", k->dir_fd);
    k->watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (k->watch_fd < 0) {
        return err_sys(e,
                       "watching '%s' (if it is 'Too many open files', raise the sysctl "
                       "fs.inotify.max_user_instances)",
                       KEYS_FILE);
    }
    if (inotify_add_watch(k->watch_fd, path, IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE) < 0) {
        return err_sys(e, "watching '%s'", KEYS_FILE);
    }
    return loop_io_add(loop, &k->watch_io, k->watch_fd, EPOLLIN, on_event, k, e);
}

static void keys_freep(struct keys **k)
{
    keys_free(*k);
}

int keys_open(struct loop *loop, int data_fd, const struct log *log, struct keys **ret,
              struct err *e)
{
    AUTO(keys_freep) struct keys *k = xcalloc(1, sizeof(*k));
    k->log = log;
    k->watch_fd = -1;
    k->dir_fd = fcntl(data_fd, F_DUPFD_CLOEXEC, 0);
    if (k->dir_fd < 0) {
        return err_sys(e, "the data directory");
    }
    int r = watch(k, loop, e); /* first, so that no change is missed */
    if (r < 0) {
        return r;
    }
    struct key *all = NULL;
    size_t count = 0;
    r = keys_file_read(k->dir_fd, &all, &count, e);
    if (r < 0 && r != -ERR_NOT_FOUND) {
        return err_wrap(e, "reading the keys of callers");
    }
    keys_replace(k, all, count);
    *ret = TAKE(&k, NULL);
    return 0;
}

void keys_free(struct keys *k)
{
    if (k == NULL) {
        return;
    }
    loop_io_remove(&k->watch_io);
    fd_close(k->watch_fd);
    fd_close(k->dir_fd);
    free(k->all);
    free(k);
}

bool keys_needed(const struct keys *k)
{
    return k->needed;
}

static void secret_hash(const char *secret, unsigned char ret[SHA256_DIGEST_LENGTH])
{
    SHA256((const unsigned char *)secret, strlen(secret), ret);
}

/* Looks at all of them, whichever it is: how long it takes says nothing. */
const struct key *keys_find(const struct keys *k, const char *secret)
{
    unsigned char hash[SHA256_DIGEST_LENGTH];
    const struct key *found = NULL;
    secret_hash(secret, hash);
    for (size_t i = 0; i < k->count; i++) {
        bool same = CRYPTO_memcmp(k->all[i].hash, hash, sizeof(hash)) == 0;
        found = same && k->all[i].revoked_s == 0 ? &k->all[i] : found;
    }
    return found;
}

static struct key *by_name(struct key *all, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(all[i].name, name) == 0) {
            return &all[i];
        }
    }
    return NULL;
}

const struct key *keys_by_name(const struct keys *k, const char *name)
{
    return by_name(k->all, k->count, name);
}

/* --- the command's ----------------------------------------------------------------------- */

static uint64_t now_s(void)
{
    return clock_wall_ns(&clock_system) / NS_PER_S;
}

/* "bj_" and 32 random bytes in the alphabet that URLs and WebSocket subprotocols take. */
static void secret_make(char ret[KEY_SECRET_MAX])
{
    unsigned char bytes[32];
    AUTO(buf_done) struct buf text = {0};
    rand_bytes(bytes, sizeof(bytes));
    base64_encode(bytes, sizeof(bytes), &text);
    text.data[strcspn(text.data, "=")] = '\0';
    for (char *p = text.data; (p = strpbrk(p, "+/")) != NULL;) {
        *p = *p == '+' ? '-' : '_';
    }
    snprintf(ret, KEY_SECRET_MAX, "bj_%.59s", text.data);
    OPENSSL_cleanse(text.data, text.len);
    OPENSSL_cleanse(bytes, sizeof(bytes));
}

static int list_all(int data_fd, struct key **ret, size_t *ret_count, struct err *e)
{
    int r = keys_file_read(data_fd, ret, ret_count, e);
    if (r == -ERR_NOT_FOUND) {
        *ret = xcalloc(1, sizeof(**ret));
        *ret_count = 0;
        return 0;
    }
    return r;
}

/* A revoked key's name may be used again: that is how a key is exchanged for another. */
static int place_check(const struct key *old, size_t count, const char *name, struct err *e)
{
    if (old != NULL && old->revoked_s == 0) {
        return err_set(e, ERR_INVALID,
                       "there is a key '%s' already: choose another name, or revoke it first",
                       name);
    }
    if (old == NULL && count >= KEYS_MAX) {
        return err_set(e, ERR_LIMIT, "there are %d keys already, which is the most", KEYS_MAX);
    }
    return 0;
}

static int key_put(int data_fd, const struct key *key, struct err *e)
{
    AUTO(mem_freep) struct key *all = NULL;
    size_t count = 0;
    int r = list_all(data_fd, &all, &count, e);
    if (r < 0) {
        return r;
    }
    struct key *old = by_name(all, count, key->name);
    r = place_check(old, count, key->name, e);
    if (r < 0) {
        return r;
    }
    if (old != NULL) {
        *old = *key;
    } else {
        all = xreallocarray(all, count + 1, sizeof(*all));
        all[count++] = *key;
    }
    return keys_file_write(data_fd, all, count, e);
}

int keys_add(int data_fd, struct key *key, char ret_secret[KEY_SECRET_MAX], struct err *e)
{
    if (!key_name_is_good(key->name)) {
        return err_set(e, ERR_INVALID,
                       "'%.60s' cannot be a key's name: 1 to %d letters, digits, '.', '_', '-'",
                       key->name, KEY_NAME_MAX);
    }
    AUTO(fd_closep) int lock = -1;
    char secret[KEY_SECRET_MAX];
    secret_make(secret);
    secret_hash(secret, key->hash);
    key->created_s = now_s();
    key->revoked_s = 0;
    int r = keys_file_lock(data_fd, &lock, e);
    if (r == 0) {
        r = key_put(data_fd, key, e);
    }
    if (r == 0) {
        memcpy(ret_secret, secret, KEY_SECRET_MAX);
    }
    OPENSSL_cleanse(secret, sizeof(secret));
    return r;
}

int keys_revoke(int data_fd, const char *name, struct err *e)
{
    AUTO(fd_closep) int lock = -1;
    AUTO(mem_freep) struct key *all = NULL;
    size_t count = 0;
    int r = keys_file_lock(data_fd, &lock, e);
    if (r == 0) {
        r = list_all(data_fd, &all, &count, e);
    }
    if (r < 0) {
        return r;
    }
    struct key *key = by_name(all, count, name);
    if (key == NULL || key->revoked_s != 0) {
        return err_set(e, ERR_NOT_FOUND, "there is no key '%.60s'; 'belljar key list' shows them",
                       name);
    }
    key->revoked_s = now_s();
    return keys_file_write(data_fd, all, count, e);
}

int keys_list(int data_fd, struct key **ret, size_t *ret_count, struct err *e)
{
    return list_all(data_fd, ret, ret_count, e);
}
