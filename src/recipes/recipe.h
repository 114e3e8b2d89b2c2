#pragma once
/*
 * recipe - how one language, in one version, is had, compiled and run: a file
 * runtimes/<language>/<name>.toml (docs/recipes.md says what each key means).
 *
 * The same recipe serves the host's own tools and what `belljar pkg` installs.  Plain data,
 * immutable once read; all vectors end with NULL, and one that is absent or empty is NULL, as is an
 * empty text.
 *
 * In commands, besides the placeholders of model/runtime.h, a whole element {tool} is the path of
 * the tool that was found, and {home}, also inside an element, the directory in a box that is this
 * recipe's own (recipe_home).  The first element of a command is another program's name, found
 * beside the tool or in the same directories; one that has a slash is taken as it is.
 * A script given to sh -c is fixed text: what a user chose reaches it as positional arguments only.
 */
#include <stdbool.h>
#include <stddef.h>

#include "model/limits.h"

struct buf;
struct err;

/* Each may be NULL: then it is the recipe's. */
struct recipe_commands {
    char **compile, **run;
    char **compile_many, **run_many;
    char *compile_warm, *warm;
};

/* What a recipe is installed from.  Each kind that is there adds to the one layer it makes. */
struct recipe_install {
    char **on;   /* ids of recipes whose layers it stands on: "part/jdk-17", the first is topmost */
    char *suite; /* the Debian release whose base it stands on: "bookworm" */
    char **debian;  /* packages of that release: "ruby", "golang-1.23-go/bookworm-backports" */
    char **npm;     /* "typescript@5.9.3"; all that they need is in the lock beside the recipe */
    char **own;     /* interpreters of ours: "brainfuck" */
    char **after;   /* a command run on the whole tree at the end, in a box, as its owner */
    char **library; /* what `--with NAME` means: "debian:python3-{name}", tried in this order */
    char **without; /* "/usr/share/x", "{home}/doc": what is left out, whoever brings it; globs */
};

/* A text that is written to {home}, whatever else is installed. */
struct recipe_file {
    char *name; /* "run.mjs" */
    char *text;
};

/* Programs by which an installed runtime is tried; NULL: the language has no such thing. */
struct recipe_tests {
    char *hello;   /* prints "Hello, World!", or `says` */
    char *says;    /* what hello prints; NULL: "Hello, World!\n" */
    char *unicode; /* prints "naïve 世界 🌍\n" from its own text */
    char *echo;    /* copies stdin to stdout, a megabyte of lines too */
    char *sum;     /* reads integers to the end of stdin, prints their sum and a newline */
    char *exit;    /* ends with status 3 */
    char *error;   /* fails at run time: a status that is not 0, something on stderr */
    char *bad;     /* is no program of this language */
    char *loop;    /* never ends, and uses a CPU */
    char *memory;  /* takes ever more memory */
    char **no;     /* "exit, error: the language has no status": the absent ones, and why */
};

struct recipe {
    unsigned refs;
    struct recipe *like; /* the recipe whose texts it shares, counted; NULL: none */
    char *id;            /* "ruby/3.1" */
    char *language;      /* "ruby"; NULL: a part, on which others stand */
    char *name;          /* for people: "Ruby" */
    char *version;   /* full SemVer that it is expected to be; the truth is asked from the tool */
    bool unlisted;   /* a dialect's own way with a language: found by its name, in no list */
    bool yields;     /* its extensions and aliases mean another language where that has them too */
    bool on_host;    /* offered where the host itself has its tools */
    char **machines; /* "x86_64": as uname -m says; NULL: all */
    char **aliases;  /* "python{x.y}": with the version's first two numbers */
    unsigned *judge0, *judge0_extra; /* Judge0's ids that mean it, 0 behind the last; NULL: none */
    char *package;                   /* as in struct runtime */
    char **tools;                    /* each different program of these names is one version */
    char **needs; /* programs, or files by absolute path, without which the host offers none */
    char *unless; /* the host does not offer it where this program is */
    char *only;   /* the range of versions that this recipe is for */

    char **ask;                  /* arguments by which the tool tells its version */
    char *ask_input, *ask_after; /* given to stdin; the version follows this word */
    char *ask_package; /* it cannot tell: the version of this Debian (npm, own) package is taken */

    char **extensions, **headers;
    bool needs_extension;
    char *file; /* "main.rb" */
    struct recipe_commands commands;
    bool one_stage, warm_alone, compile_warm_alone;
    char **warm_unless, **compile_warm_unless;
    char **env, **compile_env;
    /*
     * A name of runtimes/preparations.h: what is made once for its tools.  An element of a command
     * or of an environment that has "{prepared}" or "{base}" in it gets the directory of it, or of
     * its base, and is left out while that is not there.
     */
    char *prepare;
    struct recipe_commands when_prepared; /* take the place of those above when it is there */
    struct limits compile_limits, run_limits;

    struct recipe_file *files;     /* ended by one without a name; NULL: none */
    struct recipe_install install; /* no kind of it, nor files: only the host's tools can be used */
    struct recipe_tests tests;
};

/* References are counted for one thread at a time. */
struct recipe *recipe_ref(const struct recipe *r);
void recipe_unref(struct recipe *r);   /* NULL is fine */
void recipe_unrefp(struct recipe **r); /* for AUTO */
bool recipe_is_installable(const struct recipe *r);
bool recipe_is_part(const struct recipe *r); /* of others: nothing runs by it alone */
/* Of Judge0's, or of its Extra CE. */
bool recipe_is_judge0(const struct recipe *r, bool extra, unsigned id);
bool recipe_fits_machine(const struct recipe *r, const char *machine); /* as uname -m says it */
bool recipe_fits_file(const struct recipe *r, const char *name); /* by one of its extensions */
char *recipe_home(const struct recipe *r); /* "/opt/runtimes/ruby-3.1"; the caller frees it */

/* The recipe that `like = "ID"` names; NULL: there is none. */
typedef const struct recipe *recipe_like_fn(void *ctx, const char *id);
/*
 * Reads one file.  `id` is its name without ".toml", and stands in errors with the line:
 * "ruby/3.1.toml:4: ...".  A key that is missing is taken from the recipe that `like` names, but
 * for version, judge0, judge0_extra and host.offer.  `like` NULL: no recipe may have that key.
 */
int recipe_parse(const char *id, const char *text, size_t len, recipe_like_fn *like, void *ctx,
                 struct recipe **ret, struct err *e);
/* As a file without `like`, which recipe_parse makes the same recipe of. */
void recipe_write(const struct recipe *r, struct buf *ret);
/*
 * What would be wrong with it beyond what recipe_parse refuses: `say` is called for each finding,
 * which begins with the key it is about.  Returns their number.
 */
typedef void recipe_say_fn(void *ctx, const char *finding);
unsigned recipe_lint(const struct recipe *r, recipe_say_fn *say, void *ctx);
