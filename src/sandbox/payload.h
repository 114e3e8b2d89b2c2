#pragma once
/*
 * payload - the START that a box's init gets: its message, and the strings and files behind it.
 */
#include <stddef.h>

struct box_program;
struct chan;
struct err;

/* Room that payload_send needs for its one DATA frame. */
#define PAYLOAD_FRAME_MAX ((size_t)48 * 1024)

int payload_send(struct chan *control, const struct box_program *p, char *frame, struct err *e);
