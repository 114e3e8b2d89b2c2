#pragma once
/*
 * judge0 - the API of Judge0 1.13.1 (https://github.com/judge0/judge0), on belljar's executions.
 *
 *   request   params.h (what came in), access.h and filters.h (who may, and what is switched off),
 *             validate.h (checks, words, an execution made of it)
 *   answer    fields.h (which attributes), submission.h (an execution as JSON)
 *   between   languages.h (ids and runtimes), job.h (an execution's job), outcome.h (a result's
 *             status, message and numbers)
 *   the rest  submissions.c, submission_list.c, batches.c, info.c, system_info.c, statistics.c
 *
 * What docs/judge0.md lists as different is different on purpose.
 *
 * An execution's `request` is an object with Judge0's own names and these types, all keys always
 * there: compiler_options (string|null), command_line_arguments (string|null), number_of_runs
 * (integer), cpu_time_limit, cpu_extra_time, wall_time_limit (real, seconds), memory_limit,
 * stack_limit, max_file_size (integer, KB), max_processes_and_or_threads (integer),
 * enable_per_process_and_thread_time_limit, enable_per_process_and_thread_memory_limit,
 * redirect_stderr_to_stdout, enable_network (boolean), callback_url (string|null).
 * Its `result` is an object: time, wall_time (real, seconds | null), memory (integer, KB | null),
 * exit_code, exit_signal (integer | null), message (string | null; bytes that are no UTF-8 are
 * repaired).  language and status are Judge0's ids; parts are decoded bytes: PART_FILES is the zip.
 *
 * This header is for the files of this directory; the dialect itself is in api/api.h.
 */
#include <jansson.h>

#include "api/api.h"

struct buf;
struct err;
struct execution;
struct execution_dialect;
struct http_request;
struct judge0_statistics;

#define JUDGE0_DIALECT "judge0" /* execution.dialect */

enum judge0_status { /* Judge0's, by number */
                     STATUS_IN_QUEUE = 1,
                     STATUS_PROCESSING = 2,
                     STATUS_ACCEPTED = 3,
                     STATUS_WRONG_ANSWER = 4,
                     STATUS_TIME_LIMIT = 5,
                     STATUS_COMPILATION_ERROR = 6,
                     STATUS_SIGSEGV = 7,
                     STATUS_SIGXFSZ = 8,
                     STATUS_SIGFPE = 9,
                     STATUS_SIGABRT = 10,
                     STATUS_NZEC = 11,
                     STATUS_OTHER = 12,
                     STATUS_INTERNAL_ERROR = 13,
                     STATUS_EXEC_FORMAT = 14,
};

struct judge0 {
    struct api *api;
    struct judge0_statistics *statistics; /* the cached answer */
    json_t *system_info;                  /* likewise; json_decref'ed with this */
    struct execution_dialect *execution;
};

/* --- handlers; ctx is the struct judge0 ---------------------------------------------------- */
/* submissions.c */
void submission_create(struct http_request *r, void *ctx);
void submission_show(struct http_request *r, void *ctx);
void submission_delete(struct http_request *r, void *ctx);
/* submission_list.c */
void submission_list(struct http_request *r, void *ctx);
/* batches.c */
void batch_create(struct http_request *r, void *ctx);
void batch_show(struct http_request *r, void *ctx);
/* info.c, system_info.c, statistics.c */
void languages_show(struct http_request *r, void *ctx);
void languages_all_show(struct http_request *r, void *ctx);
void language_show(struct http_request *r, void *ctx);
void statuses_show(struct http_request *r, void *ctx);
void about_show(struct http_request *r, void *ctx);
void version_show(struct http_request *r, void *ctx);
void license_show(struct http_request *r, void *ctx);
void isolate_show(struct http_request *r, void *ctx);
void config_info_show(struct http_request *r, void *ctx);
void workers_show(struct http_request *r, void *ctx);
void system_info_show(struct http_request *r, void *ctx);
void statistics_show(struct http_request *r, void *ctx);
void statistics_free(struct judge0_statistics *s); /* NULL is fine */
/* access.c */
void authenticate(struct http_request *r, void *ctx);
void authorize(struct http_request *r, void *ctx);

/* --- answers (respond.c) --------------------------------------------------------------------- */

/*
 * Answers with Rails' headers.  Takes `body`, a malloc'd one.
 */
void judge0_answer(struct http_request *r, unsigned status, const char *content_type, char *body,
                   size_t len);
/* "application/json; charset=utf-8", with < > & U+2028 U+2029 escaped.  Takes `value`. */
void judge0_respond(struct http_request *r, unsigned status, json_t *value);
/* The same of JSON text that is escaped already; empties `text`. */
void judge0_respond_text(struct http_request *r, unsigned status, struct buf *text);
void judge0_respond_empty(struct http_request *r, unsigned status); /* text/html */
/* {"error": "..."} */
void judge0_respond_error(struct http_request *r, unsigned status, const char *text);
/* 503 and Retry-After: what the queue or the store did not take or give. */
void judge0_respond_refusal(struct http_request *r, const struct err *e);
/* {"status":404,"error":"Not Found"}: what Rails itself says. */
void judge0_respond_status(struct http_request *r, unsigned status);
/* http_dialect.error: what http itself has to say. */
void judge0_refuse(struct http_request *r, unsigned status, const char *text);
