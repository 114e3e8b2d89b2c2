#pragma once
/*
 * prove_program - a hostile program and what its head says (tests/hostile/README.md).
 */
#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

struct err;

/* As tools/embed_programs wrote it into this executable. */
struct prove_source {
    const char *name, *language, *file, *text;
};
extern const struct prove_source prove_sources[];
extern const size_t prove_source_count;

struct prove_program {
    const struct prove_source *source;
    char *threat, *defence, *tries, *needs, *hides; /* "" where the head says nothing */
    json_t *request;          /* what POST /api/v1/executions gets: an object */
    json_t *expect;           /* an object */
    unsigned together, again; /* 1: alone, once */
};

/* ERR_BUG names the program and the line of its head that cannot be read. */
int prove_program_read(const struct prove_source *source, struct prove_program *ret, struct err *e);
void prove_program_done(struct prove_program *p);
/* By threat ("A2" before "A10"), then by name; fits qsort. */
int prove_program_compare(const void *a, const void *b);
/* Whether `word` is one of `list`'s, "a, b" or "a b". */
bool prove_word_in(const char *list, const char *word);
