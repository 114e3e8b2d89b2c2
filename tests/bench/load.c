/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   load PLAN turns - ROUNDS BURST    by turns: BURST runs of a subject, then its pause
 *   load PLAN rush NAME WORKERS MS    one subject, so many at once, for so long
 *
 * PLAN is a file with a subject a line, in fields parted by tabs:
 *
 *   http NAME EVERY PAUSE_US EXPECT PORT REQUEST
 *   exec NAME EVERY PAUSE_US EXPECT DIR FRESH WORD...
 *
 * REQUEST is the file of a whole request.  A word ";" ends a command; {w} in a word is the number
 * of the worker.  Prints "NAME NANOSECONDS" for each run, then "cpu NAME NANOSECONDS" of all
 * commands of a subject.  The order turns round from round to round: who runs second finds warmer
 * caches.
 */
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SUBJECTS_MAX 32
#define WORKERS_MAX  256

struct plan {
    struct subject subjects[SUBJECTS_MAX];
    size_t count;
};

struct rush {
    struct worker worker;
    pthread_t thread;
    uint64_t end_ns;
    uint64_t *times;
    size_t count, room;
};

void die(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs("load: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static char *file_read(const char *path, size_t *ret_len)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0) {
        die("%s: %s", path, strerror(errno));
    }
    size_t len = (size_t)st.st_size;
    char *text = calloc(1, len + 1);
    if (!text || read(fd, text, len) != (ssize_t)len) {
        die("%s: cannot be read", path);
    }
    close(fd);
    *ret_len = len;
    return text;
}

void text_open(struct worker *w, const char *path)
{
    w->text = file_read(path, &w->text_len);
    w->mark = memmem(w->text, w->text_len, MARK, 8);
}

void text_freshen(struct worker *w)
{
    char digits[9];
    uint32_t bits;
    if (!w->mark) {
        return;
    }
    if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits)) {
        die("no random number");
    }
    snprintf(digits, sizeof(digits), "%08x", bits);
    memcpy(w->mark, digits, 8);
}

/* --- a worker ---------------------------------------------------------------------------- */

static const struct kind {
    void (*open)(struct worker *w);
    void (*prepare)(struct worker *w);
    void (*run)(struct worker *w);
} kinds[] = {{exec_open, exec_prepare, exec_run}, {http_open, http_prepare, http_run}};

static void worker_open(struct worker *w, const struct subject *s, unsigned number)
{
    *w = (struct worker){.subject = s, .number = number, .fd = -1};
    kinds[s->port != 0].open(w);
}

static uint64_t worker_run(struct worker *w)
{
    const struct kind *kind = &kinds[w->subject->port != 0];
    kind->prepare(w);
    uint64_t start = now_ns();
    kind->run(w);
    return now_ns() - start;
}

/* --- the plan ---------------------------------------------------------------------------- */

static char *field(char **rest, const char *what)
{
    char *text = strsep(rest, "\t");
    if (!text) {
        die("a subject has no %s", what);
    }
    return text;
}

static void parse_words(struct subject *s, char *rest)
{
    for (char *word; (word = strsep(&rest, "\t"));) {
        if (s->words_count + 2 > ARGS_MAX) {
            die("%s: too many words", s->name);
        }
        s->words[s->words_count++] = strcmp(word, ";") == 0 ? NULL : word;
    }
    s->words[s->words_count++] = NULL;
}

static void parse_subject(struct subject *s, char *line)
{
    bool http = strcmp(field(&line, "kind"), "http") == 0;
    s->name = field(&line, "name");
    s->every = (unsigned)atoi(field(&line, "number of rounds"));
    s->pause_us = strtoul(field(&line, "pause"), NULL, 10);
    s->expect = field(&line, "text to expect");
    if (http) {
        s->port = atoi(field(&line, "port"));
        s->request = field(&line, "request");
    } else {
        s->dir = field(&line, "directory");
        s->fresh = field(&line, "file to change");
        parse_words(s, line);
    }
    if (s->every == 0 || (http && s->port == 0)) {
        die("%s: a number is missing", s->name);
    }
}

static void parse_plan(struct plan *plan, char *text)
{
    for (char *line; (line = strsep(&text, "\n"));) {
        if (line[0] == '\0') {
            continue;
        }
        if (plan->count == SUBJECTS_MAX) {
            die("too many subjects");
        }
        parse_subject(&plan->subjects[plan->count++], line);
    }
}

/* --- by turns ---------------------------------------------------------------------------- */

static void rest(unsigned long us)
{
    struct timespec t = {.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000};
    nanosleep(&t, NULL);
}

static void run_turns(const struct plan *plan, unsigned rounds, unsigned burst)
{
    struct worker workers[SUBJECTS_MAX];
    for (size_t i = 0; i < plan->count; i++) {
        worker_open(&workers[i], &plan->subjects[i], 0);
    }
    for (unsigned round = 0; round < rounds; round++) {
        for (size_t i = 0; i < plan->count; i++) {
            struct worker *w = &workers[(i + round) % plan->count];
            if (round % w->subject->every != 0) {
                continue;
            }
            for (unsigned n = 0; n < burst; n++) {
                printf("%s %llu\n", w->subject->name, (unsigned long long)worker_run(w));
            }
            rest(w->subject->pause_us);
        }
    }
    for (size_t i = 0; i < plan->count; i++) {
        printf("cpu %s %llu\n", workers[i].subject->name, (unsigned long long)workers[i].cpu_ns);
    }
}

/* --- all at once ------------------------------------------------------------------------- */

static void *rush_on(void *ctx)
{
    struct rush *r = ctx;
    while (now_ns() < r->end_ns) {
        if (r->count == r->room) {
            r->room = r->room ? r->room * 2 : 1024;
            r->times = reallocarray(r->times, r->room, sizeof(*r->times));
            if (!r->times) {
                die("no memory");
            }
        }
        r->times[r->count++] = worker_run(&r->worker);
    }
    return NULL;
}

static void print_rush(const struct rush *all, unsigned count, uint64_t wall_ns)
{
    uint64_t cpu_ns = 0;
    const char *name = all[0].worker.subject->name;
    for (unsigned i = 0; i < count; i++) {
        for (size_t n = 0; n < all[i].count; n++) {
            printf("%s %llu\n", name, (unsigned long long)all[i].times[n]);
        }
        cpu_ns += all[i].worker.cpu_ns;
    }
    printf("cpu %s %llu\nwall %s %llu\n", name, (unsigned long long)cpu_ns, name,
           (unsigned long long)wall_ns);
}

static void run_rush(const struct plan *plan, const char *name, unsigned workers, unsigned ms)
{
    static struct rush all[WORKERS_MAX];
    const struct subject *s = plan->subjects;
    while (s < plan->subjects + plan->count && strcmp(s->name, name) != 0) {
        s++;
    }
    if (s == plan->subjects + plan->count || workers == 0 || workers > WORKERS_MAX) {
        die("there is no subject '%s', or the number of workers is wrong", name);
    }
    for (unsigned i = 0; i < workers; i++) {
        worker_open(&all[i].worker, s, i);
    }
    uint64_t start = now_ns();
    for (unsigned i = 0; i < workers; i++) {
        all[i].end_ns = start + (uint64_t)ms * 1000000;
        if (pthread_create(&all[i].thread, NULL, rush_on, &all[i]) != 0) {
            die("no thread");
        }
    }
    for (unsigned i = 0; i < workers; i++) {
        pthread_join(all[i].thread, NULL);
    }
    print_rush(all, workers, now_ns() - start);
}

int main(int argc, char **argv)
{
    static struct plan plan;
    size_t len;
    if (argc != 6) {
        die("PLAN turns - ROUNDS BURST | PLAN rush NAME WORKERS MS");
    }
    parse_plan(&plan, file_read(argv[1], &len));
    if (strcmp(argv[2], "turns") == 0) {
        run_turns(&plan, (unsigned)atoi(argv[4]), (unsigned)atoi(argv[5]));
    } else {
        run_rush(&plan, argv[3], (unsigned)atoi(argv[4]), (unsigned)atoi(argv[5]));
    }
    return 0;
}
