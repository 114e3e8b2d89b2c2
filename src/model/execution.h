#pragma once
/*
 * execution - one program that was accepted to be run, from its acceptance to its last reader:
 * plain data, as a store keeps it.
 *
 * The small attributes of what was asked and of what came of it are JSON objects in the words of
 * the dialect that took it (api/<dialect> writes and reads them); whatever may be large is a part
 * of its own.  Counted references, any thread.  Who holds one may read it; only its maker changes
 * it, and no more what was asked once it was given to store_insert, nor what came of it once it was
 * given to store_finish.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXECUTION_ID_MAX      36 /* a UUID; a ULID is shorter */
#define EXECUTION_DIALECT_MAX 11

enum execution_state { /* numbers are kept on disk */
                       EXECUTION_QUEUED = 1,
                       EXECUTION_RUNNING = 2,
                       EXECUTION_FINISHED = 3,
                       EXECUTION_CANCELLED = 4,
};

enum execution_callback { /* numbers are kept on disk */
                          CALLBACK_NONE = 0,
                          CALLBACK_DUE =
                              1, /* to be sent once the execution has finished, or again */
                          CALLBACK_DELIVERED = 2,
                          CALLBACK_FAILED = 3, /* given up */
};

enum execution_part {
    /* asked */
    PART_SOURCE,
    PART_STDIN,
    PART_EXPECTED,
    PART_FILES, /* an archive, as the dialect has it (Judge0: a zip) */
    PART_BODY,  /* the request as the dialect has it (native: JSON) */
    /* came of it */
    PART_STDOUT,
    PART_STDERR,
    PART_COMPILE_OUTPUT,
    PART_ANSWER, /* what came of it as the dialect has it (native: JSON) */
    EXECUTION_PARTS
};
#define PARTS_ASKED  ((1U << PART_STDOUT) - 1) /* masks of parts: 1U << part */
#define PARTS_RESULT (PARTS_ALL & ~PARTS_ASKED)
#define PARTS_ALL    ((1U << EXECUTION_PARTS) - 1)

struct execution_bytes {
    char *data; /* NULL: null, which is not the same as empty; else with a NUL behind */
    size_t len;
};

struct execution {
    unsigned refs; /* execution_ref, execution_unref */
    uint64_t seq;  /* given by the store: the order of acceptance; 0: not yet */
    char id[EXECUTION_ID_MAX + 1];
    char dialect[EXECUTION_DIALECT_MAX + 1]; /* "judge0" */
    /* asked */
    int32_t language;    /* the dialect's number, for its lists and counts; 0: it has none */
    bool batch;          /* set by who submits: waiting clients are served first */
    uint64_t created_ns; /* CLOCK_REALTIME, as all times here */
    char *caller;        /* who asked: a key's name or an address */
    char *label;         /* or NULL */
    char *idempotency;   /* the client's key for this request, one of its caller's; or NULL */
    uint64_t expires_ns; /* it is deleted some time after this, when it is over; 0: store_config */
    char *request;       /* JSON object */
    /* came of it */
    enum execution_state state;
    int32_t status;                   /* the dialect's number */
    unsigned attempts;                /* how often a run was begun */
    uint64_t started_ns, finished_ns; /* 0: not yet */
    char *result;                     /* JSON object, or NULL */
    enum execution_callback callback;

    struct execution_bytes parts[EXECUTION_PARTS];
};

struct execution *execution_new(void); /* EXECUTION_QUEUED, one reference */
struct execution *execution_ref(struct execution *x);
void execution_unref(struct execution *x); /* NULL is fine */
void execution_unrefp(struct execution **x);
bool execution_is_over(const struct execution *x); /* finished or cancelled */
/* Copies; what was there is freed. */
void execution_set_part(struct execution *x, enum execution_part part, const void *data,
                        size_t len);
/* Takes a malloc'd `data` (NULL: null). */
void execution_take_part(struct execution *x, enum execution_part part, char *data, size_t len);
size_t execution_bytes(const struct execution *x); /* about what it holds in memory */
