#pragma once
/*
 * layer_unpack - puts what layer_stream has written into an empty directory, by tree_place's rules.
 * Whether it is what it should be, the digest says afterwards.
 */
#include <stdint.h>

struct err;
struct stream_in;

/* `tree_fd` -1: it is read, and nothing is made of it.  *bytes is what may still be written. */
int layer_unpack(struct stream_in *in, int tree_fd, uint64_t *bytes, struct err *e);
