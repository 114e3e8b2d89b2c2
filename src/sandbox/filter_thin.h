#pragma once
/*
 * filter_thin - takes what decides nothing out of a program of libseccomp.
 *
 * Of an argument that is compared under a mask it also loads the upper half where the mask has no
 * bit of that: load, and 0, equal to 0.  That is a third of a box's filter, which each box
 * translates anew.
 */
#include <stddef.h>

struct sock_filter;

/* Pure; jumps go where they went.  How many instructions are left; the same where `count` is more
 * than a program may have. */
size_t filter_thin(struct sock_filter *code, size_t count);
