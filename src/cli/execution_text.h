#pragma once
/*
 * execution_text - an execution of the native API, for people.
 */
#include <jansson.h>

struct buf;

/* A line for each fact; not what the program printed. */
void execution_text(const json_t *execution, struct buf *ret);
/* A line for each of its tests. */
void execution_tests_text(const json_t *execution, struct buf *ret);
