#pragma once
/*
 * pkg_crew - several recipes are installed at once, each by a process of its own, as soon as what
 * it stands on is there.
 *
 * One of them waits for a mirror while others are set up.  A process has the store, the workshop
 * and all that they hold to itself; its stdout, a pipe to us, has the lines that --events prints.
 * All end with us, whatever ends us.
 */
#include <stddef.h>

struct pkg;
struct recipe;
struct shop;

/* One thing to install: an order of the shop, or a part that orders stand on and that is not there
 * yet. */
struct crew_task {
    size_t order;               /* the first order that needs it */
    const struct recipe *part;  /* NULL: it is that order itself */
    const struct recipe *below; /* whose needs it has: its own recipe; NULL: it has none */
};

/* In a process of its own: installs it, and gives an enum cli_status. */
typedef int crew_work_fn(struct shop *s, const struct crew_task *task);

/* All orders; gives an enum cli_status.  What fails is told, and stops nothing but what stands on
 * it. */
int crew_run(struct pkg *p, struct shop *s, crew_work_fn *work);
