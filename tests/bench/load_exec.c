/* SPDX-License-Identifier: Apache-2.0 */
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX 65536

extern char **environ;

/* Its own words: {w} is the number of the worker. */
void exec_open(struct worker *w)
{
    const struct subject *s = w->subject;
    for (size_t i = 0; i < s->words_count; i++) {
        const char *mark = s->words[i] ? strstr(s->words[i], "{w}") : NULL;
        w->words[i] = s->words[i];
        if (mark && asprintf(&w->words[i], "%.*s%u%s", (int)(mark - s->words[i]), s->words[i],
                             w->number, mark + 3) < 0) {
            die("no memory");
        }
    }
    w->answer = malloc(OUTPUT_MAX + 1);
    if (!w->answer) {
        die("no memory");
    }
    if (strcmp(s->fresh, "-") != 0) {
        text_open(w, s->fresh);
        if (!w->mark) {
            die("%s: there is no %s", s->fresh, MARK);
        }
    }
}

void exec_prepare(struct worker *w)
{
    const char *path = w->subject->fresh;
    if (!w->text) {
        return;
    }
    text_freshen(w);
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (fd < 0 || write(fd, w->text, w->text_len) != (ssize_t)w->text_len) {
        die("%s: %s", path, strerror(errno));
    }
    close(fd);
}

/* Everything that it printed is in w->answer, from `len` on. */
static size_t command_run(struct worker *w, char **argv, size_t len)
{
    const struct subject *s = w->subject;
    posix_spawn_file_actions_t actions;
    int ends[2], status = 0;
    struct rusage usage;
    pid_t pid;
    if (pipe2(ends, O_CLOEXEC) < 0) {
        die("pipe: %s", strerror(errno));
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, s->dir);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    int r = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);
    if (r != 0) {
        die("%s: %s: %s", s->name, argv[0], strerror(r));
    }
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    for (ssize_t n; (n = read(ends[0], w->answer + len, OUTPUT_MAX - len)) > 0;) {
        len += (size_t)n;
    }
    close(ends[0]);
    if (wait4(pid, &status, 0, &usage) != pid || status != 0) {
        die("%s: %s ended with status %#x", s->name, argv[0], (unsigned)status);
    }
    w->cpu_ns += (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000 +
                 (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
    return len;
}

void exec_run(struct worker *w)
{
    size_t len = 0;
    for (char **argv = w->words; argv[0]; argv++) {
        len = command_run(w, argv, len);
        while (*argv) {
            argv++;
        }
    }
    w->answer[len] = '\0';
    if (!strstr(w->answer, w->subject->expect)) {
        die("%s: instead of '%s' it printed: %s", w->subject->name, w->subject->expect, w->answer);
    }
}
