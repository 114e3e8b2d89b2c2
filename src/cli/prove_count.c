/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prove_count.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/dir.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "cli/prove_host.h"
#include "cli/prove_process.h"
#include "sandbox/launch_ids.h"

#define FILE_MAX      ((size_t)4 << 20)
#define REST_NS       (500 * NS_PER_MS) /* more than what prove_server.c gives spare boxes */
#define REST_PAUSE_NS (50 * NS_PER_MS)
#define SETTLE_NS     (10 * NS_PER_S)
#define PAUSE_NS      (5 * NS_PER_MS)

/* So many network namespaces lie ready in boxd: fewer for a moment after a burst. */
#define NETNS_AHEAD 8

/* --- counters --------------------------------------------------------------------------------- */

static void counter_add(struct prove_counts *c, const char *name, uint64_t value)
{
    for (size_t i = 0; i < c->count; i++) {
        if (strcmp(c->counters[i].name, name) == 0) {
            c->counters[i].value += value;
            return;
        }
    }
    c->counters = xreallocarray(c->counters, c->count + 1, sizeof(*c->counters));
    struct prove_counter *counter = &c->counters[c->count++];
    snprintf(counter->name, sizeof(counter->name), "%s", name);
    counter->value = value;
}

static void counter_add_of(struct prove_counts *c, const char *what, const char *process,
                           uint64_t value)
{
    char name[64];
    snprintf(name, sizeof(name), "%s of %s", what, process);
    counter_add(c, name, value);
}

static uint64_t counter_value(const struct prove_counts *c, const char *name)
{
    for (size_t i = 0; i < c->count; i++) {
        if (strcmp(c->counters[i].name, name) == 0) {
            return c->counters[i].value;
        }
    }
    return 0;
}

/* --- one process ------------------------------------------------------------------------------ */

struct namespaces {
    char **seen; /* a strv: "ipc:[4026531839]" */
};

/* "/var/lib/belljar/packages/layers/1000" */
static bool is_layer(const char *target)
{
    static const char folder[] = "/layers";
    size_t len = strlen(folder);
    const char *slash = strrchr(target, '/');
    return slash && slash >= target + len && strncmp(slash - len, folder, len) == 0 &&
           strspn(slash + 1, "0123456789") == strlen(slash + 1);
}

/* The server keeps products of compilations: as many as cache.bytes allows, and PRODUCTS_MAX; and
 * one directory for each layer of what is installed, at any time more. */
static bool is_kept(const char *target)
{
    return is_layer(target) || str_starts(target, "/memfd:belljar-product");
}

static void descriptor_count(void *ctx, const char *target)
{
    uint64_t *counts = ctx; /* network namespaces, others */
    if (!is_kept(target)) {
        counts[str_starts(target, "net:[") ? 0 : 1]++;
    }
}

/* The maker of network namespaces is always in the one that it made last. */
static void namespace_see(void *ctx, const char *target)
{
    struct namespaces *n = ctx;
    if (!str_starts(target, "net:") && !strv_has(n->seen, target)) {
        strv_add(&n->seen, target);
    }
}

/* Fields of a line of mountinfo: ID PARENT MAJOR:MINOR ROOT POINT ... - TYPE ... */
enum { MOUNT_DEVICE = 2, MOUNT_POINT = 4 };

static bool is_tmpfs(char *const *fields)
{
    while (*fields && strcmp(*fields, "-") != 0) {
        fields++;
    }
    return *fields && fields[1] && strcmp(fields[1], "tmpfs") == 0;
}

static uint64_t bytes_used(pid_t pid, const char *point)
{
    struct statfs fs;
    AUTO(mem_freep) char *path = xasprintf("/proc/%d/root%s", (int)pid, point);
    return statfs(path, &fs) == 0 ? (fs.f_blocks - fs.f_bfree) * (uint64_t)fs.f_bsize : 0;
}

/* Mounts of a process, and what is in those tmpfs that are not among `ours`, the host's own. */
static uint64_t table_read(pid_t pid, const char *text, char *const *ours, uint64_t *ret_bytes)
{
    uint64_t mounts = 0;
    AUTO(strv_freep) char **lines = strv_split(text, "\n");
    for (char **line = lines; line && *line; line++) {
        AUTO(strv_freep) char **fields = strv_split(*line, " ");
        mounts++;
        if (strv_len(fields) > MOUNT_POINT && is_tmpfs(fields) &&
            !strv_has(ours, fields[MOUNT_DEVICE])) {
            *ret_bytes += bytes_used(pid, fields[MOUNT_POINT]);
        }
    }
    return mounts;
}

/* "0:39": all file systems that we see. */
static char **devices_of_host(void)
{
    AUTO(buf_done) struct buf text = {0};
    char **devices = NULL;
    if (!prove_process_read(getpid(), "mountinfo", &text)) {
        return NULL;
    }
    AUTO(strv_freep) char **lines = strv_split(text.data, "\n");
    for (char **line = lines; line && *line; line++) {
        AUTO(strv_freep) char **fields = strv_split(*line, " ");
        if (strv_len(fields) > MOUNT_DEVICE) {
            strv_add(&devices, fields[MOUNT_DEVICE]);
        }
    }
    return devices;
}

/* Those of the host's own table are counted once, below. */
static bool sees_mounts_of_host(pid_t pid)
{
    char path[64], ours[64] = "", its[64] = "";
    snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
    bool known = readlink("/proc/self/ns/mnt", ours, sizeof(ours) - 1) > 0 &&
                 readlink(path, its, sizeof(its) - 1) > 0;
    return !known || strcmp(ours, its) == 0;
}

/* A layer that lies on the host's /tmp is bound there; what others write to /tmp is not ours. */
static void mounts_count(pid_t pid, const char *name, struct prove_counts *ret)
{
    AUTO(buf_done) struct buf text = {0};
    uint64_t bytes = 0;
    if (sees_mounts_of_host(pid) || !prove_process_read(pid, "mountinfo", &text)) {
        return;
    }
    AUTO(strv_freep) char **ours = devices_of_host();
    counter_add_of(ret, "mounts", name, table_read(pid, text.data, ours, &bytes));
    counter_add_of(ret, "tmpfs bytes", name, bytes);
}

static void process_count(const struct prove_host *h, pid_t pid, struct namespaces *namespaces,
                          struct prove_counts *ret)
{
    char name[PROVE_NAME_MAX];
    uint64_t descriptors[2] = {0};
    if (!prove_process_name(h->parent, pid, name)) {
        return;
    }
    counter_add(ret, "processes", 1);
    (void)prove_process_links(pid, "ns", namespace_see, namespaces);
    if (prove_process_links(pid, "fd", descriptor_count, descriptors)) {
        counter_add_of(ret, "descriptors", name, descriptors[1]);
        counter_add_of(ret, "network namespaces", name,
                       descriptors[0] > NETNS_AHEAD ? descriptors[0] : 0);
    }
    mounts_count(pid, name, ret);
}

/* --- the host --------------------------------------------------------------------------------- */

static uint64_t folders_below(int parent_fd, const char *name)
{
    AUTO(dir_closep) DIR *dir = NULL;
    struct err e;
    uint64_t count = 0;
    if (dir_open(parent_fd, name, &dir, &e) < 0) {
        return 0;
    }
    for (const struct dirent *entry; (entry = dir_next(dir)) != NULL;) {
        count += entry->d_type == DT_DIR ? 1 + folders_below(dirfd(dir), entry->d_name) : 0;
    }
    return count;
}

static bool id_is_ours(const struct prove_host *h, unsigned long long id)
{
    return h->id_first != 0 && id >= h->id_first && id < h->id_first + IDS_WINDOW;
}

/* Also what has left the tree of our processes. */
static uint64_t processes_with_our_ids(const struct prove_host *h)
{
    AUTO(dir_closep) DIR *proc = NULL;
    AUTO(buf_done) struct buf status = {0};
    struct err e;
    uint64_t count = 0;
    if (dir_open(AT_FDCWD, "/proc", &proc, &e) < 0) {
        return 0;
    }
    for (const struct dirent *entry; (entry = dir_next(proc)) != NULL;) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        unsigned long long uid = 0;
        if (pid > 0 && prove_process_read(pid, "status", &status) &&
            prove_status_number(status.data, "Uid", 10, &uid)) {
            count += id_is_ours(h, uid);
        }
    }
    return count;
}

/* "2000000001:     1 1/1 1/200 9/20000": a user and its keys. */
static uint64_t keys_of_our_ids(const struct prove_host *h)
{
    AUTO(buf_done) struct buf text = {0};
    struct err e;
    uint64_t count = 0;
    if (fd_read_path("/proc/key-users", FILE_MAX, &text, &e) < 0 || text.len == 0) {
        return 0;
    }
    AUTO(strv_freep) char **lines = strv_split(text.data, "\n");
    for (char **line = lines; line && *line; line++) {
        AUTO(strv_freep) char **words = strv_split(*line, ": ");
        bool ours = strv_len(words) > 2 && id_is_ours(h, strtoull(words[0], NULL, 10));
        count += ours ? strtoull(words[2], NULL, 10) : 0;
    }
    return count;
}

/*
 * Databases and others make such objects meanwhile: where boxes have a window of ids, only what
 * one of these has made counts.  The first line names the columns, which differ from file to file.
 */
static uint64_t sysv_of_ours(const struct prove_host *h, const char *path)
{
    AUTO(buf_done) struct buf text = {0};
    struct err e;
    size_t cuid = 0;
    uint64_t count = 0;
    if (fd_read_path(path, FILE_MAX, &text, &e) < 0 || text.len == 0) {
        return 0;
    }
    AUTO(strv_freep) char **lines = strv_split(text.data, "\n");
    for (char **line = lines; line && *line; line++) {
        AUTO(strv_freep) char **words = strv_split(*line, " ");
        size_t len = strv_len(words);
        if (line == lines) {
            while (cuid < len && strcmp(words[cuid], "cuid") != 0) {
                cuid++;
            }
        } else if (cuid < len) {
            count += h->id_first == 0 || id_is_ours(h, strtoull(words[cuid], NULL, 10));
        }
    }
    return count;
}

/* Others mount things meanwhile: what a box is made of has no source, or our name. */
static uint64_t mounts_of_ours(void)
{
    AUTO(buf_done) struct buf text = {0};
    struct err e;
    uint64_t count = 0;
    if (fd_read_path("/proc/self/mountinfo", FILE_MAX, &text, &e) < 0 || text.len == 0) {
        return 0;
    }
    AUTO(strv_freep) char **lines = strv_split(text.data, "\n");
    for (char **line = lines; line && *line; line++) {
        count += strstr(*line, " none ") || strstr(*line, "belljar");
    }
    return count;
}

static void host_count(const struct prove_host *h, struct prove_counts *ret)
{
    static const char *const sysv[] = {"/proc/sysvipc/shm", "/proc/sysvipc/sem",
                                       "/proc/sysvipc/msg"};
    for (char *const *cgroup = h->cgroups; cgroup && *cgroup; cgroup++) {
        counter_add(ret, "cgroups", folders_below(AT_FDCWD, *cgroup));
    }
    for (size_t i = 0; i < ARRAY_LEN(sysv); i++) {
        counter_add(ret, "SysV objects", sysv_of_ours(h, sysv[i]));
    }
    counter_add(ret, "mounts of the host", mounts_of_ours());
    if (h->id_first != 0) {
        counter_add(ret, "processes with ids of boxes", processes_with_our_ids(h));
        counter_add(ret, "keys of boxes", keys_of_our_ids(h));
    }
}

void prove_count(const struct prove_host *h, struct prove_counts *ret)
{
    struct namespaces namespaces = {0};
    AUTO(mem_freep) pid_t *pids = xcalloc(PROVE_PROCESSES_MAX, sizeof(*pids));
    size_t count = prove_processes(h->parent, pids);
    for (size_t i = 0; i < count; i++) {
        process_count(h, pids[i], &namespaces, ret);
    }
    counter_add(ret, "namespaces", strv_len(namespaces.seen));
    strv_free(namespaces.seen);
    host_count(h, ret);
}

void prove_counts_done(struct prove_counts *c)
{
    free(c->counters);
    *c = (struct prove_counts){0};
}

/* --- comparing -------------------------------------------------------------------------------- */

static bool counts_differ(const struct prove_counts *before, const struct prove_counts *now,
                          struct buf *why)
{
    bool differ = false;
    for (size_t i = 0; i < now->count; i++) {
        const char *name = now->counters[i].name;
        uint64_t was = counter_value(before, name), is = now->counters[i].value;
        if (was != is) {
            buf_add_fmt(why, "%s%s: %" PRIu64 ", were %" PRIu64, differ ? "; " : "", name, is, was);
            differ = true;
        }
    }
    for (size_t i = 0; i < before->count && !differ; i++) {
        const struct prove_counter *was = &before->counters[i];
        if (was->value != 0 && counter_value(now, was->name) == 0) {
            buf_add_fmt(why, "%s: none, were %" PRIu64, was->name, was->value);
            differ = true;
        }
    }
    return differ;
}

static void pause_ns(uint64_t ns)
{
    struct timespec t = {.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
    nanosleep(&t, NULL);
}

bool prove_settle(const struct prove_host *h, const struct prove_counts *before, struct buf *why)
{
    uint64_t end = clock_mono_ns(&clock_system) + SETTLE_NS;
    for (;;) {
        AUTO(prove_counts_done) struct prove_counts now = {0};
        AUTO(buf_done) struct buf differences = {0};
        prove_count(h, &now);
        if (!counts_differ(before, &now, &differences)) {
            return true;
        }
        if (clock_mono_ns(&clock_system) > end) {
            buf_add(why, differences.data, differences.len);
            return false;
        }
        pause_ns(PAUSE_NS);
    }
}

void prove_count_at_rest(const struct prove_host *h, struct prove_counts *ret)
{
    uint64_t now = clock_mono_ns(&clock_system), since = now, end = now + SETTLE_NS;
    prove_count(h, ret);
    while (now - since < REST_NS && now < end) {
        AUTO(prove_counts_done) struct prove_counts next = {0};
        AUTO(buf_done) struct buf differences = {0};
        pause_ns(REST_PAUSE_NS);
        prove_count(h, &next);
        now = clock_mono_ns(&clock_system);
        if (counts_differ(ret, &next, &differences)) {
            since = now;
            prove_counts_done(ret);
            *ret = TAKE(&next, (struct prove_counts){0});
        }
    }
}
