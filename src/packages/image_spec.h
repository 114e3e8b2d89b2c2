#pragma once
/*
 * image_spec - a runtime of the operator's own, said in JSON:
 *
 *   {"language": "toy", "version": "1.2.0", "aliases": ["t"], "pkg": "registry/toy",
 *    "versioned": true}
 *
 * `pkg` is what runs it: an image or runtime that is installed, an archive beside the file, or a
 * registry's image, of which `versioned` adds ":1.2.0".  Pure.
 */
#include <stdbool.h>
#include <stddef.h>

struct err;

struct image_spec {
    char *language, *version;
    char **aliases;
    char *package;
    bool versioned;
};

int image_spec_parse(const char *text, size_t len, struct image_spec *ret, struct err *e);
void image_spec_done(struct image_spec *s);
