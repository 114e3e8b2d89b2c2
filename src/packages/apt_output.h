#pragma once
/*
 * apt_output - what apt-get says, read.  Pure functions.
 */
#include "packages/apt.h"

struct buf;

/* Of "apt-get install --print-uris"; ERR_INVALID when it is not understood, or would remove
 * something. */
int apt_output_plan(const char *text, struct apt_plan *ret, struct err *e);
/* What apt wrote to stderr, in few words: its E: lines, or its last one. */
void apt_output_error(const char *said, struct buf *ret);
/* Stanzas of "apt-cache show", as those of installed packages. */
void apt_output_status(const char *text, struct buf *ret);
