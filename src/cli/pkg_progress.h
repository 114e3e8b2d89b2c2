#pragma once
/*
 * pkg_progress - how far an installation is, for people and for programs: a bar that is drawn over
 * itself on a terminal, a line for each phase elsewhere, JSON lines.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packages/progress.h"

enum pkg_show { PKG_SHOW_LINES, PKG_SHOW_BAR, PKG_SHOW_EVENTS };

struct pkg_progress {
    struct progress progress; /* for packages/; its ctx is this */
    enum pkg_show show;
    size_t position, count; /* the second of three; 0: it is not said */
    /* --- pkg_progress.c's --- */
    char what[80];
    enum progress_phase phase;
    bool begun, drawn;
    uint64_t told_ns;
};

void pkg_progress_init(struct pkg_progress *p, bool events);
/* A step that another process has told with --events. */
void pkg_progress_relay(struct pkg_progress *p, const char *event, const char *what, uint64_t done,
                        uint64_t total);
/* Before something else is written: takes the bar away. */
void pkg_progress_clear(struct pkg_progress *p);
