#pragma once
/*
 * runtime - one language in one version: what it is called, and how its programs are compiled and
 * run.
 *
 * Plain data, immutable once made, counted references (loop thread only).  Commands
 * are argument vectors, never shell text.  In them, a whole element may be
 *   {main}     the main file's name      {sources}  names of all code files but headers
 *   {args}     the job's arguments       {stem}     the main file's name without its extension
 *   {compile_args}  what the job asks of its compiler; a command without it has them behind its
 *                   first element (sh -c script name tool: behind the tool)
 * ({main} and {stem} are also replaced inside an element).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/limits.h"

struct runtime_command {
    char **argv; /* NULL: there is no such stage */
};

#define RUNTIME_OF_HOST "host"

struct runtime {
    unsigned refs;
    /* Called when the last reference goes: what it holds is given back.  NULL: nothing is. */
    void (*on_end)(struct runtime *r, void *ctx);
    void *on_end_ctx;
    char *language; /* "c++" */
    char *version;  /* full SemVer: "12.2.0" */
    char **aliases; /* "cpp", "g++" */
    char *package;  /* Piston's `runtime` key: name of a package that provides several languages, or
                       NULL */
    /* The look at the host that found it, counted: what one toolchain made is not another's.  0:
     * its compile stage is a program of the job's own, which may do something else each time. */
    uint64_t generation;
    char *source;     /* RUNTIME_OF_HOST, or of a package: "debian", "npm" ... */
    uint32_t *layers; /* ids of boxd's catalogue or of the store, top first */
    size_t layer_count;
    size_t run_layer_count; /* a run stage has the first so many of them */
    char **extensions;      /* ".cpp", ".cc"; the first is added to a name that has none of them */
    bool needs_extension;   /* ... when this is set: the compiler goes by the name */
    char **header_extensions; /* code files that {sources} leaves out */
    char *default_name;       /* "main.cpp": the CLI's and the examples' */
    struct runtime_command compile, run;
    /* When there is more than one code file, and this runtime does it another way; else argv NULL.
     */
    struct runtime_command compile_many, run_many;
    /*
     * The file whose opening the run command waits for when it is started ahead of its program, as
     * an element of a command is written: "{main}"; NULL: it cannot be started ahead.  Everything
     * that the command does before it opens this file must be the same for every program.
     */
    char *warm;
    char *compile_warm;         /* likewise, the file that the compiler waits for */
    bool compile_warm_alone;    /* ... and looks at files beside the main one before */
    char **compile_warm_unless; /* texts of programs for which the compiler tells when that was */
    bool one_stage;     /* who knows the language from Piston knows no compile stage of it */
    bool warm_alone;    /* ... and what it does depends on files beside the main one */
    char **warm_unless; /* texts of programs that can ask how long ago their interpreter started */
    char **env;         /* "KEY=value", after the common ones */
    char **compile_env; /* further ones, of compile stages alone */
    char *hello;        /* a program that prints "Hello, World!" */
    /* 0: the configured default */
    struct limits compile_limits, run_limits;
};

struct runtime *runtime_new(void);
struct runtime *runtime_ref(struct runtime *r);
void runtime_unref(struct runtime *r); /* NULL is fine */
bool runtime_is_compiled(const struct runtime *r);
bool runtime_has_name(const struct runtime *r,
                      const char *name); /* language or alias, case-sensitive */
bool runtime_is_of_package(const struct runtime *r, const char *name);
/* Either of these ways to mean one by a name. */
enum runtime_known { RUNTIME_KNOWN_BY_NAME, RUNTIME_KNOWN_BY_PACKAGE };
