/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prove_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/strv.h"

#define FILE_MAX   ((size_t)4 << 20)
#define TARGET_MAX 4096
#define OURS       "belljar-"

static bool folder_open(pid_t pid, const char *folder, DIR **ret)
{
    char path[64];
    struct err e;
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, folder);
    return dir_open(AT_FDCWD, path, ret, &e) == 0;
}

bool prove_process_read(pid_t pid, const char *file, struct buf *ret)
{
    char path[320];
    struct err e;
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    buf_clear(ret);
    return fd_read_path(path, FILE_MAX, ret, &e) == 0 && ret->len > 0;
}

static size_t children_add(pid_t pid, pid_t *list, size_t count)
{
    AUTO(dir_closep) DIR *tasks = NULL;
    AUTO(buf_done) struct buf text = {0};
    if (!folder_open(pid, "task", &tasks)) {
        return count;
    }
    for (const struct dirent *task; (task = dir_next(tasks)) != NULL;) {
        char file[280];
        snprintf(file, sizeof(file), "task/%s/children", task->d_name);
        bool any = prove_process_read(pid, file, &text);
        AUTO(strv_freep) char **words = any ? strv_split(text.data, " \n") : NULL;
        for (char **word = words; word && *word && count < PROVE_PROCESSES_MAX; word++) {
            list[count++] = (pid_t)strtol(*word, NULL, 10);
        }
    }
    return count;
}

size_t prove_processes(pid_t parent, pid_t ret[PROVE_PROCESSES_MAX])
{
    size_t count = 1;
    ret[0] = parent;
    for (size_t i = 0; i < count; i++) {
        count = children_add(ret[i], ret, count);
    }
    return count;
}

bool prove_process_name(pid_t parent, pid_t pid, char ret[PROVE_NAME_MAX])
{
    AUTO(buf_done) struct buf text = {0};
    if (!prove_process_read(pid, "comm", &text)) {
        return false;
    }
    text.data[strcspn(text.data, "\n")] = '\0';
    const char *name = pid == parent                       ? "parent"
                       : strcmp(text.data, "belljar") == 0 ? "server"
                       : str_starts(text.data, OURS)       ? text.data + strlen(OURS)
                                                           : text.data;
    snprintf(ret, PROVE_NAME_MAX, "%s", name);
    return true;
}

bool prove_status_number(const char *status, const char *key, int base, unsigned long long *ret)
{
    size_t len = strlen(key);
    for (const char *line = status; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, len) == 0 && line[len] == ':') {
            *ret = strtoull(line + len + 1, NULL, base);
            return true;
        }
    }
    return false;
}

bool prove_process_links(pid_t pid, const char *folder, prove_link_fn *fn, void *ctx)
{
    AUTO(dir_closep) DIR *links = NULL;
    bool any = false;
    if (!folder_open(pid, folder, &links)) {
        return false;
    }
    for (const struct dirent *entry; (entry = dir_next(links)) != NULL;) {
        char target[TARGET_MAX];
        ssize_t len = readlinkat(dirfd(links), entry->d_name, target, sizeof(target) - 1);
        if (len > 0) {
            target[len] = '\0';
            any = true;
            fn(ctx, target);
        }
    }
    return any;
}
