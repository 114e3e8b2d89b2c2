#pragma once
/*
 * oci_json - the small JSON files of an image: a stranger's, so their size and depth are bounded
 * before anything is made of them.  Pure functions.
 */
#include <jansson.h>
#include <stddef.h>

struct err;

#define OCI_JSON_MAX ((size_t)4 << 20)

/* `name` is for errors. */
int oci_json_parse(const char *name, const char *text, size_t len, json_t **ret, struct err *e);
void oci_json_freep(json_t **json);
/* Of an object; NULL when it is absent or of another type. */
const char *oci_json_text(const json_t *json, const char *key);
/* A vector of the texts of an array; NULL when there is none.  What is no text is left out. */
char **oci_json_words(const json_t *json, const char *key);
