/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COPY's text format (PostgreSQL manual, COPY, "Text Format"): a row a line, columns between tabs,
 * \N for null, backslash escapes; "\." ends it.
 */
#include "api/judge0/dump.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/json.h"
#include "api/judge0/judge0.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "model/execution.h"

#define COLUMNS_MAX    128
#define CUSTOM_MAGIC   "PGDMP"
#define NOT_FINISHED   "Judge0 had not finished this submission when its database was dumped."
#define DIALECT_JUDGE0 "judge0"

enum column_kind {
    COLUMN_TOKEN,
    COLUMN_LANGUAGE,
    COLUMN_STATUS,
    COLUMN_CREATED,
    COLUMN_FINISHED,
    COLUMN_PART,       /* base64 */
    COLUMN_BYTEA,      /* "\x..." */
    COLUMN_ASKED_TEXT, /* of execution.request ... */
    COLUMN_ASKED_INTEGER,
    COLUMN_ASKED_REAL,
    COLUMN_ASKED_BOOLEAN,
    COLUMN_CAME_TEXT, /* of execution.result ... */
    COLUMN_CAME_INTEGER,
    COLUMN_CAME_REAL,
};

struct column {
    const char *name;
    enum column_kind kind;
    enum execution_part part;
};

static const struct column columns[] = {
    {"token", COLUMN_TOKEN, 0},
    {"language_id", COLUMN_LANGUAGE, 0},
    {"status_id", COLUMN_STATUS, 0},
    {"created_at", COLUMN_CREATED, 0},
    {"finished_at", COLUMN_FINISHED, 0},
    {"source_code", COLUMN_PART, PART_SOURCE},
    {"stdin", COLUMN_PART, PART_STDIN},
    {"expected_output", COLUMN_PART, PART_EXPECTED},
    {"stdout", COLUMN_PART, PART_STDOUT},
    {"stderr", COLUMN_PART, PART_STDERR},
    {"compile_output", COLUMN_PART, PART_COMPILE_OUTPUT},
    {"additional_files", COLUMN_BYTEA, PART_FILES},
    {"compiler_options", COLUMN_ASKED_TEXT, 0},
    {"command_line_arguments", COLUMN_ASKED_TEXT, 0},
    {"number_of_runs", COLUMN_ASKED_INTEGER, 0},
    {"cpu_time_limit", COLUMN_ASKED_REAL, 0},
    {"cpu_extra_time", COLUMN_ASKED_REAL, 0},
    {"wall_time_limit", COLUMN_ASKED_REAL, 0},
    {"memory_limit", COLUMN_ASKED_INTEGER, 0},
    {"stack_limit", COLUMN_ASKED_INTEGER, 0},
    {"max_processes_and_or_threads", COLUMN_ASKED_INTEGER, 0},
    {"enable_per_process_and_thread_time_limit", COLUMN_ASKED_BOOLEAN, 0},
    {"enable_per_process_and_thread_memory_limit", COLUMN_ASKED_BOOLEAN, 0},
    {"max_file_size", COLUMN_ASKED_INTEGER, 0},
    {"redirect_stderr_to_stdout", COLUMN_ASKED_BOOLEAN, 0},
    {"enable_network", COLUMN_ASKED_BOOLEAN, 0},
    {"callback_url", COLUMN_ASKED_TEXT, 0},
    {"time", COLUMN_CAME_REAL, 0},
    {"wall_time", COLUMN_CAME_REAL, 0},
    {"memory", COLUMN_CAME_INTEGER, 0},
    {"exit_code", COLUMN_CAME_INTEGER, 0},
    {"exit_signal", COLUMN_CAME_INTEGER, 0},
    {"message", COLUMN_CAME_TEXT, 0},
};

struct dump {
    FILE *in;
    size_t line;
    bool run_unfinished;
    const struct column *order[COLUMNS_MAX]; /* NULL: a column that is not read */
    size_t order_count;
    dump_take_fn *take;
    void (*say)(void *ctx, size_t line, const char *what);
    void *ctx;
    struct dump_counts counts;
};

/* --- single values ----------------------------------------------------------------------- */

static int digit_of(char c, int base)
{
    int value = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : base;
    return value < base ? value : -1;
}

/* A character's number behind a backslash: up to `most` digits; moves *at behind them. */
static char numbered(const char **at, int base, int most)
{
    int value = 0;
    for (int i = 0; i < most && digit_of(**at, base) >= 0; i++) {
        value = value * base + digit_of(*(*at)++, base);
    }
    return (char)value;
}

static char escaped(const char **at)
{
    static const char letters[] = "bfnrtv", meanings[] = "\b\f\n\r\t\v";
    char c = **at;
    const char *letter = c != '\0' ? strchr(letters, c) : NULL;
    if (digit_of(c, 8) >= 0) {
        return numbered(at, 8, 3);
    }
    ++*at;
    if (c == 'x' && digit_of(**at, 16) >= 0) {
        return numbered(at, 16, 2);
    }
    return (char)(letter != NULL ? meanings[letter - letters] : c);
}

static void unescape(const char *text, struct buf *ret)
{
    buf_clear(ret);
    buf_add(ret, "", 0);
    while (*text != '\0') {
        char c = *text++;
        buf_add_char(ret, (char)(c == '\\' && *text != '\0' ? escaped(&text) : c));
    }
}

/* "2024-05-06 07:08:09.123456", UTC; 0 when it is none. */
static uint64_t time_of(const char *text)
{
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%d %H:%M:%S", &tm);
    if (rest == NULL) {
        return 0;
    }
    time_t seconds = timegm(&tm);
    double fraction = *rest == '.' ? strtod(rest, NULL) : 0;
    return seconds < 0 ? 0 : (uint64_t)seconds * NS_PER_S + (uint64_t)(fraction * NS_PER_S);
}

static bool integer_of(const char *text, long long *ret)
{
    char *end;
    errno = 0;
    *ret = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0';
}

static bool real_of(const char *text, double *ret)
{
    char *end;
    *ret = strtod(text, &end);
    return end != text && *end == '\0' && *ret >= 0 && *ret <= 1e9;
}

static json_t *number_json(const char *text, bool real)
{
    long long integer;
    double number;
    if (real) {
        return real_of(text, &number) ? json_real(number) : NULL;
    }
    return integer_of(text, &integer) ? json_integer(integer) : NULL;
}

/* --- a row ------------------------------------------------------------------------------- */

struct row {
    struct execution *x;
    json_t *request, *result;
    struct buf scratch;
};

static void row_done(struct row *r)
{
    execution_unref(r->x);
    json_decref(r->request);
    json_decref(r->result);
    buf_done(&r->scratch);
}

/* What versions of Judge0 that had no such column, and rows that leave it empty, mean. */
static void row_init(struct row *r)
{
    *r = (struct row){.x = execution_new()};
    memcpy(r->x->dialect, DIALECT_JUDGE0, sizeof(DIALECT_JUDGE0));
    r->request = json_object();
    r->result = json_object();
    for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
        const struct column *c = &columns[i];
        if (c->kind == COLUMN_ASKED_INTEGER) {
            json_object_set_new(r->request, c->name, json_integer(0));
        } else if (c->kind == COLUMN_ASKED_REAL) {
            json_object_set_new(r->request, c->name, json_real(0));
        } else if (c->kind == COLUMN_ASKED_BOOLEAN) {
            json_object_set_new(r->request, c->name, json_false());
        } else if (c->kind == COLUMN_ASKED_TEXT) {
            json_object_set_new(r->request, c->name, json_null());
        } else if (c->kind >= COLUMN_CAME_TEXT) {
            json_object_set_new(r->result, c->name, json_null());
        }
    }
}

static bool set_token(struct row *r, const char *text)
{
    size_t len = strlen(text);
    if (len == 0 || len > EXECUTION_ID_MAX) {
        return false;
    }
    memcpy(r->x->id, text, len + 1);
    return true;
}

static bool set_number(int32_t *at, const char *text)
{
    long long value;
    if (!integer_of(text, &value) || value < 0 || value > INT32_MAX) {
        return false;
    }
    *at = (int32_t)value;
    return true;
}

static bool set_time(uint64_t *at, const char *text)
{
    *at = time_of(text);
    return *at > 0;
}

static bool set_part(struct row *r, const struct column *c, const char *text)
{
    struct buf bytes = {0};
    buf_add(&bytes, "", 0);
    if (c->kind == COLUMN_PART) {
        base64_decode_lenient(text, strlen(text), &bytes);
    } else if (str_starts(text, "\\x")) {
        hex_decode_lenient(text + 2, strlen(text) - 2, &bytes);
    } else {
        buf_add_str(&bytes, text);
    }
    size_t len = bytes.len;
    execution_take_part(r->x, c->part, buf_take(&bytes), len);
    return true;
}

static bool set_json(json_t *object, const char *name, json_t *value)
{
    return value != NULL && json_object_set_new(object, name, value) == 0;
}

static bool row_set(struct row *r, const struct column *c, const char *text)
{
    switch (c->kind) {
    case COLUMN_TOKEN:
        return set_token(r, text);
    case COLUMN_LANGUAGE:
        return set_number(&r->x->language, text);
    case COLUMN_STATUS:
        return set_number(&r->x->status, text);
    case COLUMN_CREATED:
        return set_time(&r->x->created_ns, text);
    case COLUMN_FINISHED:
        return set_time(&r->x->finished_ns, text);
    case COLUMN_PART:
    case COLUMN_BYTEA:
        return set_part(r, c, text);
    case COLUMN_ASKED_BOOLEAN:
        return set_json(r->request, c->name, json_boolean(text[0] == 't'));
    case COLUMN_ASKED_TEXT:
    case COLUMN_CAME_TEXT:
        return set_json(c->kind == COLUMN_ASKED_TEXT ? r->request : r->result, c->name,
                        json_repaired(text, strlen(text)));
    case COLUMN_ASKED_INTEGER:
    case COLUMN_ASKED_REAL:
        return set_json(r->request, c->name, number_json(text, c->kind == COLUMN_ASKED_REAL));
    case COLUMN_CAME_INTEGER:
    case COLUMN_CAME_REAL:
        return set_json(r->result, c->name, number_json(text, c->kind == COLUMN_CAME_REAL));
    }
    return false;
}

static void row_finish(const struct dump *d, struct row *r)
{
    struct execution *x = r->x;
    bool unfinished = x->status <= STATUS_PROCESSING;
    x->batch = true;
    x->caller = xstrdup("import");
    x->attempts = unfinished ? 0 : 1;
    x->started_ns = unfinished ? 0 : x->created_ns;
    if (unfinished && d->run_unfinished) {
        x->status = STATUS_IN_QUEUE;
        x->finished_ns = 0;
    } else {
        if (unfinished) {
            x->status = STATUS_INTERNAL_ERROR;
            json_object_set_new(r->result, "message", json_string(NOT_FINISHED));
        }
        x->state = EXECUTION_FINISHED;
        x->finished_ns = x->finished_ns > 0 ? x->finished_ns : x->created_ns;
        x->result = json_dumps(r->result, JSON_COMPACT);
    }
    x->request = json_dumps(r->request, JSON_COMPACT);
}

/* One line; its columns are cut out of it. */
static const char *row_read(const struct dump *d, char *line, struct row *r)
{
    char *at = line;
    for (size_t i = 0; i < d->order_count; i++) {
        char *text = strsep(&at, "\t");
        if (text == NULL) {
            return "it has too few columns";
        }
        if (d->order[i] == NULL || strcmp(text, "\\N") == 0) {
            continue;
        }
        unescape(text, &r->scratch);
        if (!row_set(r, d->order[i], r->scratch.data)) {
            return d->order[i]->name;
        }
    }
    if (at != NULL) {
        return "it has too many columns";
    }
    return r->x->id[0] == '\0' ? "token" : r->x->created_ns == 0 ? "created_at" : NULL;
}

static int take_row(struct dump *d, char *line, struct err *e)
{
    AUTO(row_done) struct row r;
    row_init(&r);
    const char *wrong = row_read(d, line, &r);
    if (wrong != NULL) {
        d->counts.refused++;
        d->say(d->ctx, d->line, wrong);
        return 0;
    }
    d->counts.read++;
    d->counts.unfinished += r.x->status <= STATUS_PROCESSING;
    row_finish(d, &r);
    return d->take(d->ctx, TAKE(&r.x, NULL), e);
}

/* --- the file ---------------------------------------------------------------------------- */

static const struct column *column_named(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
        if (strcmp(columns[i].name, name) == 0) {
            return &columns[i];
        }
    }
    return NULL;
}

/* "COPY public.submissions (id, source_code, ...) FROM stdin;" */
static bool copy_begins(struct dump *d, char *line)
{
    if (!str_starts(line, "COPY public.submissions (") && !str_starts(line, "COPY submissions (")) {
        return false;
    }
    char *at = strchr(line, '(') + 1;
    at[strcspn(at, ")")] = '\0';
    d->order_count = 0;
    for (char *name; (name = strsep(&at, ",")) != NULL && d->order_count < COLUMNS_MAX;) {
        name += strspn(name, " \"");
        name[strcspn(name, "\"")] = '\0';
        d->order[d->order_count++] = column_named(name);
    }
    return true;
}

/* Without its end; -1 at the end of the file. */
static ssize_t next_line(struct dump *d, char **line, size_t *cap)
{
    ssize_t len = getline(line, cap, d->in);
    if (len > 0 && (*line)[len - 1] == '\n') {
        (*line)[--len] = '\0';
    }
    d->line++;
    return len;
}

static int rows_read(struct dump *d, char **line, size_t *cap, struct err *e)
{
    while (next_line(d, line, cap) >= 0) {
        if (strcmp(*line, "\\.") == 0) {
            return 0;
        }
        int r = take_row(d, *line, e);
        if (r < 0) {
            return r;
        }
    }
    return err_set(e, ERR_INVALID, "line %zu: the dump ends in the middle of its submissions",
                   d->line);
}

static int dump_walk(struct dump *d, struct err *e)
{
    AUTO(mem_freep) char *line = NULL;
    size_t cap = 0;
    bool found = false;
    int r = 0;
    while (r == 0 && next_line(d, &line, &cap) >= 0) {
        if (d->line == 1 && str_starts(line, CUSTOM_MAGIC)) {
            return err_set(e, ERR_INVALID,
                           "this dump is in pg_dump's custom form; make it plain: "
                           "pg_restore -f plain.sql FILE");
        }
        if (copy_begins(d, line)) {
            found = true;
            r = rows_read(d, &line, &cap, e);
        }
    }
    if (r == 0 && ferror(d->in)) {
        return err_sys(e, "reading the dump");
    }
    if (r == 0 && !found) {
        return err_set(e, ERR_INVALID,
                       "no submissions of Judge0 in this file; make it with: "
                       "pg_dump --table=submissions DATABASE");
    }
    return r;
}

int dump_read(FILE *in, bool run_unfinished, dump_take_fn *take,
              void (*say)(void *ctx, size_t line, const char *what), void *ctx,
              struct dump_counts *ret, struct err *e)
{
    struct dump d = {
        .in = in, .run_unfinished = run_unfinished, .take = take, .say = say, .ctx = ctx};
    int r = dump_walk(&d, e);
    *ret = d.counts;
    return r;
}
