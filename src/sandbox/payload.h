#pragma once
/*
 * payload - the START or WARM that a box's init gets: its message, and the strings and files behind
 * it.
 */
#include <stddef.h>

struct box_program;
struct chan;
struct err;

/* Room that these need for one packet. */
#define PAYLOAD_FRAME_MAX ((size_t)48 * 1024)

int payload_send(struct chan *control, const struct box_program *p, char *frame, struct err *e);
/* WARM: of `p` what is there before files and limits of time are; `wait` has passed its check. */
int payload_send_warm(struct chan *control, const struct box_program *p, const char *wait,
                      char *frame, struct err *e);
/* START of a program that is warm: what WARM left out. */
int payload_send_warmed(struct chan *control, const struct box_program *p, char *frame,
                        struct err *e);
