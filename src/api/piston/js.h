#pragma once
/*
 * js - JSON values as JavaScript sees them: Piston's clients have come to rely on it.  Pure
 * functions.
 */
#include <jansson.h>
#include <stdbool.h>

struct buf;

/* null, absent, false, 0 and "" are false. */
bool js_truthy(const json_t *v);
/* String(v): "1.5", "null", "a,b" for an array. */
void js_string(const json_t *v, struct buf *ret);
