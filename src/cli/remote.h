#pragma once
/*
 * remote - a belljar or a Piston elsewhere: where it is, with which key, and one HTTP request to it
 * with JSON in it and JSON out of it.  Blocking.
 */
#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

struct cli_flag;
struct err;

/* An answer larger than this is refused. */
#define REMOTE_ANSWER_MAX ((size_t)256 << 20)

struct remote {
    const char *url; /* "http://host:port", maybe with a path; not owned */
    char *key;       /* goes with every request; NULL: none; owned */
    bool key_alone;  /* "Authorization: KEY", as Piston's gateway wants it; else "Bearer KEY" */
};

/* Where a server is that nobody has named. */
#define REMOTE_DEFAULT_URL "http://127.0.0.1:2358"

/* The flags of every command that talks to a server; remote_flag knows them by their names. */
#define REMOTE_FLAGS                                                                               \
    {"--url", 0, "URL", "The server: http://host:2358. Else BELLJAR_URL names it."},               \
        {"--key-file", 0, "FILE",                                                                  \
         "File that holds the key to send. Else BELLJAR_KEY is the key."},                         \
    {                                                                                              \
        "--key", 0, "KEY",                                                                         \
            "The key itself. Other users of this machine can see it: prefer one "                  \
            "of the two others."                                                                   \
    }

/* 1: it was one of REMOTE_FLAGS and is taken; 0: it is another; or an error. */
int remote_flag(struct remote *r, const struct cli_flag *flag, const char *value, struct err *e);
/* What no flag has said, from BELLJAR_URL and BELLJAR_KEY. */
int remote_environment(struct remote *r, struct err *e);
void remote_done(struct remote *r);

/*
 * path: "/api/v2/execute"; body: NULL for none.  Any status is an answer; *ret_answer is NULL where
 * its body is no JSON.  Errors are those of the way there, and name the URL.
 */
int remote_call(const struct remote *r, const char *method, const char *path, const json_t *body,
                long *ret_status, json_t **ret_answer, struct err *e);

struct remote_stream {
    const char *path;
    const char *header; /* one more, or NULL */
    /* Bytes of an answer with status 200, as they come; false ends the request. */
    bool (*take)(void *ctx, const char *data, size_t len);
    void *ctx;
};
/* GET; as remote_call, and *ret_answer is only there where the status is not 200. */
int remote_follow(const struct remote *r, const struct remote_stream *s, long *ret_status,
                  json_t **ret_answer, struct err *e);

/* What the server said in its answer's words (Piston's, Judge0's, RFC 9457), or the status in ours.
 */
int remote_refusal(const struct remote *r, long status, const json_t *answer, struct err *e);
void remote_json_freep(json_t **json); /* for AUTO */
