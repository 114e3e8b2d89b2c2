/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prove_facts.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "cli/prove_check.h"

#define FILE_MAX ((size_t)1 << 20)
/* Shorter texts ("/", "vm", "lo") are found anywhere. */
#define LENGTH_MIN 4

static void text_add(char ***list, const char *text)
{
    if (strlen(text) >= LENGTH_MIN && !strv_has(*list, text)) {
        strv_add(list, text);
    }
}

/* The first line of a file; nothing where there is none. */
static void file_add(char ***list, const char *path)
{
    AUTO(buf_done) struct buf text = {0};
    struct err e;
    if (fd_read_path(path, FILE_MAX, &text, &e) == 0 && text.len > 0) {
        text.data[strcspn(text.data, "\n")] = '\0';
        text_add(list, text.data);
    }
}

/* Not those of no hardware: 00:00:00:00:00:00 is any loopback's. */
static void macs_add(char ***list)
{
    AUTO(dir_closep) DIR *dir = NULL;
    struct err e;
    if (dir_open(AT_FDCWD, "/sys/class/net", &dir, &e) < 0) {
        return;
    }
    for (const struct dirent *entry; (entry = dir_next(dir)) != NULL;) {
        char path[300];
        AUTO(strv_freep) char **one = NULL;
        snprintf(path, sizeof(path), "/sys/class/net/%s/address", entry->d_name);
        file_add(&one, path);
        if (one && strspn(one[0], "0:") != strlen(one[0])) {
            text_add(list, one[0]);
        }
    }
}

/* "4:memory:/user.slice/session-1.scope" */
static void cgroups_add(char ***list)
{
    AUTO(buf_done) struct buf text = {0};
    struct err e;
    text_add(list, "belljar-");
    if (fd_read_path("/proc/self/cgroup", FILE_MAX, &text, &e) < 0 || text.len == 0) {
        return;
    }
    AUTO(strv_freep) char **lines = strv_split(text.data, "\n");
    for (char **line = lines; line && *line; line++) {
        const char *path = strchr(*line, '/');
        text_add(list, path ? path : "");
    }
}

/* Where we are installed, unless that is a place that any system has. */
static void own_folder_add(char ***list)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
    path[len > 0 ? len : 0] = '\0';
    char *slash = strrchr(path, '/');
    if (slash && !str_starts(path, "/usr/")) {
        *slash = '\0';
        text_add(list, path);
    }
}

void prove_facts_read(const char *secret, struct prove_facts *ret)
{
    file_add(&ret->hostname, "/proc/sys/kernel/hostname");
    file_add(&ret->boot_id, "/proc/sys/kernel/random/boot_id");
    file_add(&ret->machine_id, "/etc/machine-id");
    macs_add(&ret->mac);
    cgroups_add(&ret->cgroup);
    text_add(&ret->operator_own, secret);
    own_folder_add(&ret->operator_own);
}

void prove_facts_done(struct prove_facts *f)
{
    strv_free(f->hostname);
    strv_free(f->boot_id);
    strv_free(f->machine_id);
    strv_free(f->mac);
    strv_free(f->cgroup);
    strv_free(f->operator_own);
    *f = (struct prove_facts){0};
}
