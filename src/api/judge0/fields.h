#pragma once
/*
 * fields - which attributes of a submission are shown: always in one order, whatever was asked for
 * (contract section 4).  Pure.
 */
#include <stdbool.h>
#include <stdint.h>

struct buf;
struct config;

typedef uint64_t field_mask;

field_mask fields_default(void);
/*
 * "stdout,time", "*"; NULL, "" and "," are the default set.  False: *ret_unknown holds the unknown
 * names, joined by ", ", as they came.
 */
bool fields_parse(const struct config *config, const char *text, field_mask *ret,
                  struct buf *ret_unknown);
unsigned fields_parts(field_mask fields); /* the parts of an execution that they need */
