#pragma once
/*
 * prefer - how long a client wants to wait: the field Prefer (RFC 7240).  Pure.
 */
#include <stdbool.h>
#include <stdint.h>

struct prefer {
    bool waits; /* "wait=N" is there */
    uint64_t wait_s;
};

/* `text` may be NULL; what is not understood is left out, as the RFC wants it. */
struct prefer prefer_parse(const char *text);
