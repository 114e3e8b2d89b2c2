#pragma once
/*
 * text - values as Judge0 writes them, straight into JSON text.  Pure.
 */
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Quoted; < > & U+2028 U+2029 are escaped too, as Rails does it.  `data` is valid UTF-8. */
void text_string(const char *data, size_t len, struct buf *ret);
/* "5.0", "0.016": quoted, at most six decimals, at least one. */
void text_decimal(double value, struct buf *ret);
/* "2026-11-22T05:16:04.399Z", quoted; 0 is null. */
void text_time(uint64_t ns, struct buf *ret);
/* null, a boolean, an integer, or a string; NULL is null. */
void text_value(const json_t *value, struct buf *ret);
