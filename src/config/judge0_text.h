#pragma once
/*
 * judge0_text - the text of a judge0.conf, in either of the forms that are in use:
 *
 *   shell      NAME=value, export NAME='value', as a POSIX shell assigns: quotes, backslashes,
 *              comments, $NAME of an earlier line.  What needs a shell (a command, $(...), `...`,
 *              ${NAME:-x}, ~) is refused: nothing of the file is ever run.
 *   sections   [worker], key = value
 *
 * Which it is, its content says.  Pure: bytes in, list out; any thread.
 */
#include <stdbool.h>
#include <stddef.h>

struct err;

/* Beyond these a file is refused. */
#define JUDGE0_TEXT_BYTES_MAX ((size_t)1 << 20)
#define JUDGE0_TEXT_COUNT_MAX 1000
#define JUDGE0_TEXT_VALUE_MAX 65536
#define JUDGE0_TEXT_NAME_MAX  95 /* longer ones are cut where they are shown */

struct judge0_setting {
    char *section; /* in lower case; "" before the first one, and in the shell form */
    char *name;    /* as it is written */
    char *value;
    unsigned line;
};

struct judge0_text {
    bool has_sections;               /* the second form */
    struct judge0_setting *settings; /* in the file's order; names may come again */
    size_t count;
};

/* `name` stands in errors, before the line: "judge0.conf:12: ...". */
int judge0_text_parse(const char *name, const char *data, size_t len, struct judge0_text *ret,
                      struct err *e);
void judge0_text_done(struct judge0_text *t); /* frees and zeroes; fits AUTO */

/* For the two forms' own files: adds to a text, or refuses. */
struct judge0_source {
    const char *name;
    const char *at, *end;
    unsigned line;
};
int judge0_text_add(struct judge0_text *t, const struct judge0_source *where,
                    struct judge0_setting setting, struct err *e); /* takes its strings */
int judge0_shell_parse(struct judge0_source *s, struct judge0_text *ret, struct err *e);
int judge0_sections_parse(struct judge0_source *s, struct judge0_text *ret, struct err *e);
