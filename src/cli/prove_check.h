#pragma once
/*
 * prove_check - whether an answer is what the head of a program expects, and hides what must be
 * hidden.  Pure functions.
 */
#include <stdbool.h>

#include <jansson.h>

struct buf;
struct prove_program;

/* What a box must not learn of this host; each a strv of texts, NULL where there are none. */
struct prove_facts {
    char **hostname, **boot_id, **machine_id, **mac, **cgroup, **operator_own;
};

/* false: what differs is added to `why`, in a few words of one line. */
bool prove_check(const struct prove_program *program, const json_t *answer,
                 const struct prove_facts *facts, struct buf *why);
/* Whether a text holds what looks like an address of the kernel's. */
bool prove_has_kernel_pointer(const char *text);
