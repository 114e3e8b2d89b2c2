#pragma once
/*
 * job - one program to run, as every dialect says it: plain data, checked by the dialect
 * that made it (its files by job_check).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/limits.h"

struct err;
struct runtime;

struct job_file {
    char *name; /* relative path, checked by job_file_name_check */
    char *data;
    size_t size;
    bool code; /* a source file: it counts for {main} and {sources} */
    bool executable;
};

enum job_priority { JOB_INTERACTIVE, JOB_BATCH }; /* somebody waits, or nobody does */
enum job_output_policy { JOB_OUTPUT_STOP, JOB_OUTPUT_TRUNCATE }; /* at the output limit */
enum job_stdio { JOB_STDIO_PIPE, JOB_STDIO_FILE, JOB_STDIO_PTY };

#define JOB_ID_MAX 36 /* a ULID, or that of its execution */

/* One of several inputs that a program is run with, after one compilation. */
struct job_test {
    char *name; /* or NULL */
    char *stdin_data;
    size_t stdin_size;
    char *expected_data; /* NULL: nothing is compared */
    size_t expected_size;
    struct limits limits; /* of this run, in place of job.run */
};

struct job {
    char id[JOB_ID_MAX + 1];
    char dialect[12];        /* "piston", "cli": for the log */
    char *caller;            /* who asked, for fairness: a key's name or an address; NULL: nobody */
    struct runtime *runtime; /* owns a reference */
    struct job_file *files;
    size_t file_count;
    size_t main_file; /* index of the first code file */
    char *stdin_data;
    size_t stdin_size;
    /* More comes with engine_job_stdin; else EOF follows stdin_data.  Such a job is a session: its
     * run stage holds a box and no CPU slot. */
    bool stdin_open;
    /* A zip that is unpacked before anything else, never over one of the files; NULL: none. */
    char *zip_data;
    size_t zip_size;
    struct limits unpack; /* disk_bytes and disk_inodes bound what comes out of it */
    char **args;
    char **compile_args;
    char **env; /* "KEY=value", over the runtime's */
    /* Nothing in it comes from a client: it may be there before the job is. */
    bool env_is_ours, compile_args_are_ours;
    /* How often the run stage is done, until one is not VERDICT_OK; 0: once.  Once with stdin_open.
     */
    unsigned runs;
    /* Compared with stdout, when the program ended well (compare.h); NULL: nothing is. */
    char *expected_data;
    size_t expected_size;
    bool expected_needs_output; /* no output at all equals nothing, not even "" */
    /* The run stage is done once for each, in order (then `runs`, stdin and expected_data above do
     * not count, and stdin_open is false); the job's verdict is the first that is not VERDICT_OK.
     */
    struct job_test *tests;
    size_t test_count;
    bool stop_on_first_failure; /* the tests behind it are not run */
    /* Of all tests together, what is kept of their output: beyond, it is compared and dropped
     * (*_truncated); 0: JOB_TESTS_OUTPUT. */
    uint64_t tests_output_bytes;
    /* What is brought back from each run's working directory: paths in which * and ? match within
     * one name; a directory stands for all that is in it.  Regular files only, and nothing is
     * followed.  artifact_bytes: of all of them together, of all tests. */
    char **artifacts;
    uint64_t artifact_bytes;
    struct limits compile, run;
    enum job_priority priority;
    enum job_output_policy on_output_limit;
    enum job_stdio stdio;
    uint16_t rows, columns; /* of a pty */
    bool merge_stderr, merge_compile_stderr;
    bool cold;                     /* nothing of it is started ahead of its files */
    bool network, compile_network; /* a way out, in the run stage and in the compile stage; else
                                      they have their own loopback */
    bool keep_output;  /* gather stdout and stderr in the result; else the observer alone sees them
                          (what is compared is gathered always) */
    bool exact_output; /* ... also where both come together: nothing is repaired there */
    bool shell_status; /* compat.shell_status: a signal is told as exit code 128+n (done by the
                          dialect) */
};

#define JOB_TESTS_OUTPUT (UINT64_C(16) << 20)

struct job *job_new(void);
void job_free(struct job *job); /* NULL is fine */
void job_freep(struct job **job);
size_t job_bytes(const struct job *job); /* what its files, stdin, zip and expected output hold */
/* Zeroed, with the limits of job.run; valid until the next one is added. */
struct job_test *job_add_test(struct job *job);
struct job_file *job_add_file(struct job *job, const char *name, const void *data, size_t size,
                              bool code);

/*
 * A name is accepted when it stays below the working directory once "." and ".." are resolved:
 * *ret_name is the resolved form ("a/../b" is "b", a leading '/' is dropped).  Refused: empty
 * results,
 * ".." that leads out, what names a directory ("a/", "a/."), NUL, components over 255 bytes, more
 * than 4,095 bytes or 64 components.
 */
int job_file_name_check(const char *name, size_t len, char **ret_name, struct err *e);
/*
 * Checks and resolves all names, and finds main_file.  Two files of one name are merged: the place
 * of the first, the content of the later.  A file and a directory of one name is ERR_INVALID.
 */
int job_check(struct job *job, struct err *e);
