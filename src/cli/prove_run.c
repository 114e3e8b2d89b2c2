/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prove_run.h"

#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "cli/events.h"
#include "cli/native.h"
#include "cli/prove_facts.h"
#include "cli/prove_program.h"
#include "config/config.h"

#define ACCEPTED 202
#define REFUSED  422

/*
 * Each is run once before anything is counted, so that versions of tools are known, and that of a
 * hostile program's language before it, so that there is a spare box for that.
 */
static const struct {
    const char *language, *source;
} first_programs[] = {
    {"c", "int main(void)\n{\n    return 0;\n}\n"},
    {"python", "pass\n"},
    {"bash", "true\n"},
};

/* What comes after a hostile program finds its slot as if nothing had been. */
#define NEXT_SOURCE "read line; echo \"$line\"; id -u; ls -A /box /tmp\n"
#define NEXT_STDIN  "next\n"
#define NEXT_STDOUT "next\n1000\n/box:\nmain.sh\n\n/tmp:\n"

/* --- asking the server ------------------------------------------------------------------------ */

static int get(const struct prove_run *run, const char *path, json_t **ret, struct err *e)
{
    AUTO(remote_json_freep) json_t *answer = NULL;
    long status = 0;
    int r = remote_call(&run->remote, "GET", path, NULL, &status, &answer, e);
    if (r == 0 && (status != 200 || !answer)) {
        r = remote_refusal(&run->remote, status, answer, e);
    }
    if (r == 0) {
        *ret = TAKE(&answer, NULL);
    }
    return r;
}

int prove_run_post(const struct prove_run *run, const json_t *request, long *ret_status,
                   json_t **ret, struct err *e)
{
    return remote_call(&run->remote, "POST", NATIVE_EXECUTIONS, request, ret_status, ret, e);
}

bool prove_run_has_language(const struct prove_run *run, const char *name)
{
    return strv_has(run->languages, name);
}

/* The answer to a post becomes what became of it. */
static int run_end(const struct prove_run *run, long status, json_t **answer, struct err *e)
{
    return status == ACCEPTED ? events_wait(&run->remote, answer, e)
                              : remote_refusal(&run->remote, status, *answer, e);
}

/* --- one program ------------------------------------------------------------------------------ */

/* What this host does not give of what the program needs; NULL: nothing. */
static const json_t *lack_find(const struct prove_run *run, const struct prove_program *program)
{
    const json_t *weaker = json_object_get(json_object_get(run->health, "sandbox"), "weaker");
    for (size_t i = 0; i < json_array_size(weaker); i++) {
        const json_t *row = json_array_get(weaker, i);
        const char *feature = json_string_value(json_object_get(row, "feature"));
        if (feature && prove_word_in(program->needs, feature)) {
            return row;
        }
    }
    return NULL;
}

static bool can_run(const struct prove_run *run, const struct prove_program *program,
                    struct prove_row *ret)
{
    const json_t *engine = json_object_get(run->health, "engine");
    json_int_t slots = json_integer_value(json_object_get(engine, "slots"));
    const json_t *lack = lack_find(run, program);
    AUTO(mem_freep) char *why = NULL;
    if (lack) {
        const char *feature = json_string_value(json_object_get(lack, "feature"));
        const char *meaning = json_string_value(json_object_get(lack, "meaning"));
        why = xasprintf("%s: %s", feature, meaning ? meaning : "not here");
        prove_row_set(ret, PROVE_ABSENT, why);
    } else if (!prove_run_has_language(run, program->source->language)) {
        why = xasprintf("this host has no %s", program->source->language);
        prove_row_set(ret, PROVE_NOT_RUN, why);
    } else if (slots < (json_int_t)program->together) {
        why = xasprintf("needs %u programs at one time; engine.slots is %d", program->together,
                        (int)slots);
        prove_row_set(ret, PROVE_NOT_RUN, why);
    }
    return why == NULL;
}

/* The configuration may allow less than the program asks for, which is no leak; a refusal may also
 * be what is expected. */
static void refusal_judge(struct prove_run *run, const struct prove_program *program, long status,
                          const json_t *answer, struct prove_row *ret)
{
    AUTO(buf_done) struct buf why = {0};
    struct err e;
    if (json_object_get(program->expect, "status")) {
        if (!prove_check(program, answer, &run->facts, &why)) {
            prove_row_set(ret, PROVE_LEAKED, why.data);
        }
        return;
    }
    remote_refusal(&run->remote, status, answer, &e);
    prove_row_set(ret, status == REFUSED ? PROVE_NOT_RUN : PROVE_LEAKED, e.text);
}

/* Posts as many as run together, then waits for each. */
static int round_run(struct prove_run *run, const struct prove_program *program,
                     struct prove_row *ret, struct err *e)
{
    AUTO(remote_json_freep) json_t *answers = json_array();
    int r = 0;
    for (unsigned i = 0; r == 0 && i < program->together; i++) {
        json_t *answer = NULL;
        long status = 0;
        r = prove_run_post(run, program->request, &status, &answer, e);
        if (r == 0 && status != ACCEPTED) {
            refusal_judge(run, program, status, answer, ret);
        } else if (r == 0) {
            json_array_append(answers, answer);
        }
        json_decref(answer);
    }
    for (size_t i = 0; r == 0 && i < json_array_size(answers); i++) {
        AUTO(buf_done) struct buf why = {0};
        json_t *answer = json_incref(json_array_get(answers, i));
        r = events_wait(&run->remote, &answer, e);
        if (r == 0 && !prove_check(program, answer, &run->facts, &why)) {
            prove_row_set(ret, PROVE_LEAKED, why.data ? why.data : "");
        }
        json_decref(answer);
    }
    return r;
}

/* The next program on the slot, and what is left on the host. */
static int aftermath_judge(struct prove_run *run, struct prove_row *ret, struct err *e)
{
    AUTO(remote_json_freep)
    json_t *request = json_pack("{s:s, s:s, s:s, s:s}", "language", "bash", "priority",
                                "interactive", "source", NEXT_SOURCE, "stdin", NEXT_STDIN);
    AUTO(remote_json_freep) json_t *answer = NULL;
    AUTO(buf_done) struct buf why = {0};
    long status = 0;
    if (prove_run_has_language(run, "bash")) {
        int r = prove_run_post(run, request, &status, &answer, e);
        r = r < 0 ? r : run_end(run, status, &answer, e);
        if (r < 0) {
            return r;
        }
    }
    const json_t *stdout_json = json_object_get(json_object_get(answer, "run"), "stdout");
    const char *text = json_string_value(stdout_json);
    if (answer && (!text || strcmp(text, NEXT_STDOUT) != 0)) {
        prove_row_set(ret, PROVE_LEAKED, "the program after it did not run as it should");
    }
    if (!prove_settle(&run->host, &run->rested, &why)) {
        AUTO(mem_freep) char *detail = xasprintf("left behind: %s", why.data);
        prove_row_set(ret, PROVE_LEAKED, detail);
    }
    return 0;
}

static bool is_no_language(long status, const json_t *answer)
{
    const json_t *error = json_array_get(json_object_get(answer, "errors"), 0);
    const char *path = json_string_value(json_object_get(error, "path"));
    return status == REFUSED && path && strcmp(path, "language") == 0;
}

static int first_run(const struct prove_run *run, size_t index, bool *ret_there, struct err *e)
{
    const char *language = first_programs[index].language;
    AUTO(remote_json_freep)
    json_t *request = json_pack("{s:s, s:s, s:s}", "language", language, "priority", "interactive",
                                "source", first_programs[index].source);
    AUTO(remote_json_freep) json_t *answer = NULL;
    long status = 0;
    int r = prove_run_post(run, request, &status, &answer, e);
    if (r < 0 || is_no_language(status, answer)) {
        return r;
    }
    r = run_end(run, status, &answer, e);
    const char *verdict = json_string_value(json_object_get(answer, "verdict"));
    if (r == 0 && (!verdict || strcmp(verdict, "ok") != 0)) {
        const char *reason = json_string_value(json_object_get(answer, "reason"));
        r = err_set(e, ERR_IO, "a harmless %s program does not run here: %s", language,
                    reason ? reason : "");
    }
    *ret_there = r == 0;
    return r;
}

/* What is asked for twice is made ahead: a program with the usual limits then runs in a spare box.
 */
static int spares_ask(const struct prove_run *run, const char *language, struct err *e)
{
    int r = 0;
    bool there = false;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(first_programs); i++) {
        if (strcmp(first_programs[i].language, language) == 0) {
            r = first_run(run, i, &there, e);
            r = r < 0 ? r : first_run(run, i, &there, e);
        }
    }
    return r;
}

int prove_run_program(struct prove_run *run, const struct prove_program *program,
                      struct prove_row *ret, struct err *e)
{
    uint64_t started = clock_mono_ns(&clock_system);
    ret->threat = xstrdup(program->threat);
    ret->name = xstrdup(program->source->name);
    ret->defence = xstrdup(program->defence);
    ret->tries = xstrdup(program->tries);
    prove_row_set(ret, PROVE_HELD, "");
    if (!can_run(run, program, ret)) {
        return 0;
    }
    int r = spares_ask(run, program->source->language, e);
    for (unsigned i = 0; r == 0 && ret->result == PROVE_HELD && i < program->again; i++) {
        r = round_run(run, program, ret, e);
    }
    if (r == 0 && ret->result != PROVE_NOT_RUN) {
        r = aftermath_judge(run, ret, e);
    }
    ret->seconds = (double)(clock_mono_ns(&clock_system) - started) / (double)NS_PER_S;
    return r;
}

/* --- beginning and end ------------------------------------------------------------------------ */

/* The list of languages is not asked for: for that all tools are asked for their versions. */
static int languages_warm(struct prove_run *run, struct err *e)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(first_programs); i++) {
        bool there = false;
        r = first_run(run, i, &there, e);
        if (there) {
            strv_add(&run->languages, first_programs[i].language);
        }
    }
    return r;
}

int prove_run_start(const struct config *config, char *const *flags, struct prove_run *ret,
                    struct err *e)
{
    AUTO(prove_run_done)
    struct prove_run run = {.config = config, .server = PROVE_SERVER_NONE};
    int r = prove_server_start(flags, &run.server, e);
    if (r < 0) {
        return r;
    }
    run.remote.url = run.server.url;
    prove_facts_read(run.server.secret, &run.facts);
    r = get(&run, "/health", &run.health, e);
    if (r == 0) {
        r = languages_warm(&run, e);
    }
    if (r == 0) {
        r = prove_host_open(run.server.pid, config->uid_base, &run.host, e);
    }
    if (r < 0) {
        return r;
    }
    prove_count_at_rest(&run.host, &run.rested);
    *ret = run;
    run = (struct prove_run){.server = PROVE_SERVER_NONE};
    return 0;
}

void prove_run_done(struct prove_run *run)
{
    prove_server_done(&run->server);
    prove_host_done(&run->host);
    prove_counts_done(&run->rested);
    prove_facts_done(&run->facts);
    json_decref(run->health);
    strv_free(run->languages);
    *run = (struct prove_run){.server = PROVE_SERVER_NONE};
}
