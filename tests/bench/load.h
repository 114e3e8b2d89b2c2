#pragma once
/*
 * load - what tests/bench measures, run by a client that costs little.
 *
 * A subject is one way to run one program: a request over a kept-alive connection, or commands one
 * after the other.  Everything here ends the process when something is not as expected: a figure of
 * a run that failed is worth nothing.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARGS_MAX 512

struct subject {
    const char *name;
    unsigned every;         /* its turn comes in each so-manieth round */
    unsigned long pause_us; /* after its turn */
    const char *expect;     /* must be in what it prints, or answers */
    /* A request: the file that holds all of it, and where it goes; 0: commands. */
    int port;
    const char *request;
    /* Commands: their directory, the file that is changed before each run ("-": none), and their
     * words, each command ended by NULL. */
    const char *dir, *fresh;
    char *words[ARGS_MAX];
    size_t words_count;
};

/* One of those who run a subject at the same time. */
struct worker {
    const struct subject *subject;
    unsigned number;
    int fd;
    /* The request, or what the file to change holds, and the place in it that changes. */
    char *text, *mark;
    size_t text_len;
    char *answer;
    char *words[ARGS_MAX];
    uint64_t cpu_ns; /* of the commands, waited for */
};

__attribute__((format(printf, 1, 2), noreturn)) void die(const char *fmt, ...);

/* Reads the worker's text, and finds the MARK in it. */
#define MARK "@@@@@@@@"
void text_open(struct worker *w, const char *path);
/* Eight digits that no run had before, where the MARK was. */
void text_freshen(struct worker *w);

/* What "prepare" does is not measured. */
void http_open(struct worker *w);
void http_prepare(struct worker *w);
void http_run(struct worker *w);
void exec_open(struct worker *w);
void exec_prepare(struct worker *w);
void exec_run(struct worker *w);
