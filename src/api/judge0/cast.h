#pragma once
/*
 * cast - a value of JSON or of a form as Rails takes it for an attribute of some type (contract
 * section 3).  Pure.
 *
 * Lists and objects are as absent as null: they are no values of an attribute.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct buf;

enum cast_number {
    NUMBER_ABSENT, /* null, "" or blank: the default */
    NUMBER_BAD,    /* "abc", "2x", "0x1", true */
    NUMBER_GOOD,   /* 71, 1.5, " 71 ", "1e3"; may be infinite */
};
enum cast_number cast_number(const json_t *v, double *ret);

/* "" and null are `absent`; everything that is not one of Rails' words for false is true. */
bool cast_boolean(const json_t *v, bool absent);

/* 123 is "123", true is "t".  False: absent. */
bool cast_text(const json_t *v, struct buf *ret);

#define CAST_ID_TEXT 48
/* "abc" is 0, true is 1, 71.9 and "71.9" are 71.  *ret_id is 0 for what is no id; ret_text is the
 * number in full.  False: absent. */
bool cast_id(const json_t *v, char ret_text[CAST_ID_TEXT], int *ret_id);

bool text_is_blank(const char *data, size_t len);
/* Shortest form that reads back the same, with a decimal: "5.0", "0.1". */
void text_real(double v, struct buf *ret);
