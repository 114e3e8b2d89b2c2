#pragma once
/*
 * event_out - the lines by which a command tells its progress and its end to a program (--events).
 *
 * Whoever reads them may be slow, or not read at all.  Where fd does not block (the steward's
 * pipes), the work does not wait for it.  Blocks elsewhere, as a pipeline of a shell's does.
 */
#include <jansson.h>
#include <stdint.h>

#define EVENT_END_WAIT_MS 30000 /* for the end, which nobody could say again */

/* `wait_ms`: as long as it may take altogether; 0: it goes whole, or not at all. */
void event_out(int fd, const json_t *event, uint64_t wait_ms);
