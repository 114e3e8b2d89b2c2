#pragma once
/*
 * progress - what an installation is about: told to whoever shows it (bars on a terminal, lines in
 * a log, events of the admin API).
 */
#include <stdint.h>

enum progress_phase {
    PROGRESS_PLAN,
    PROGRESS_DOWNLOAD, /* done and total are bytes */
    PROGRESS_UNPACK,   /* packages */
    PROGRESS_SETUP,    /* packages */
    PROGRESS_CHECK,    /* hashing, asking for the version, the hello program */
    PROGRESS_DONE,
};

struct progress {
    void (*step)(void *ctx, const char *what, enum progress_phase phase, uint64_t done,
                 uint64_t total);
    void *ctx;
};
