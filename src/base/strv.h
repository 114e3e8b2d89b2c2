#pragma once
/*
 * strv - a malloc'd vector of malloc'd strings, ended by NULL.  NULL is the empty vector.
 */
#include <stdbool.h>
#include <stddef.h>

void strv_free(char **v);
void strv_freep(char ***v); /* for AUTO */
size_t strv_len(char *const *v);
void strv_add(char ***v, const char *s); /* copies s */
void strv_add_take(char ***v, char *s);  /* owns s */
void strv_add_all(char ***v, char *const *more);
char **strv_dup(char *const *v);
bool strv_has(char *const *v, const char *s);
/* Splits at any byte of `separators`; empty pieces are left out. */
char **strv_split(const char *s, const char *separators);
char *strv_join(char *const *v, const char *separator);

bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
