#pragma once
/*
 * text - words and numbers of a server's answer for people: nothing that a terminal would obey,
 * sizes and times with units.
 */
#include <stdint.h>

#include <jansson.h>

struct buf;

/* The text under `key`; what a terminal would obey becomes '?'; "-" where there is none. */
void text_add(struct buf *ret, const json_t *json, const char *key);
void text_add_bytes(struct buf *ret, uint64_t bytes); /* "12 MiB" */
void text_add_ms(struct buf *ret, double ms);         /* "3.21 ms", "12.3 s" */
/* Since a time as the API writes it ("2026-01-01T00:00:00.000Z"), up to now_ns of CLOCK_REALTIME;
 * "12s", "3m05s", "2h10m"; "-" where it is none. */
void text_add_age(struct buf *ret, const char *time, uint64_t now_ns);
