/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prove_check.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/mem.h"
#include "cli/prove_program.h"
#include "cli/remote.h"

#define LEAK_MARK "LEAK"
#define SHOWN_MAX 120
/* Of x86-64 and arm64: their upper half. */
#define POINTER_DIGITS 16
#define POINTER_BEGIN  "ffff"

struct check {
    const json_t *answer, *stage;
    struct buf out, err,
        text; /* what the stage printed: stdout, stderr, both with NULs as spaces */
    struct buf *why;
};

static void check_done(struct check *c)
{
    buf_done(&c->out);
    buf_done(&c->err);
    buf_done(&c->text);
}

/* --- reading the answer ----------------------------------------------------------------------- */

static void stream_read(const json_t *stage, const char *key, struct buf *ret)
{
    const json_t *text = json_object_get(stage, key);
    const char *encoding = json_string_value(json_object_get(stage, "encoding"));
    const char *data = json_is_string(text) ? json_string_value(text) : "";
    if (encoding && strcmp(encoding, "base64") == 0) {
        base64_decode_lenient(data, json_string_length(text), ret);
    } else {
        buf_add(ret, data, json_string_length(text));
    }
    buf_add_str(ret, "");
}

static void check_read(struct check *c)
{
    const json_t *run = json_object_get(c->answer, "run");
    c->stage = json_is_object(run) ? run : json_object_get(c->answer, "compile");
    stream_read(c->stage, "stdout", &c->out);
    stream_read(c->stage, "stderr", &c->err);
    buf_add(&c->text, c->out.data, c->out.len);
    buf_add(&c->text, c->err.data, c->err.len);
    for (size_t i = 0; i < c->text.len; i++) {
        if (c->text.data[i] == '\0') {
            c->text.data[i] = ' ';
        }
    }
    buf_add_str(&c->text, "");
}

/* --- saying what is wrong --------------------------------------------------------------------- */

static void why_add_text(struct buf *why, const char *text)
{
    size_t len = strcspn(text, "\n");
    for (size_t i = 0; i < len && i < SHOWN_MAX; i++) {
        unsigned char c = (unsigned char)text[i];
        buf_add_char(why, isprint(c) ? (char)c : '?');
    }
}

/* The first leak that the program itself tells says more than any rule. */
static bool fail(struct check *c, const char *what, const char *text)
{
    const char *leak = strstr(c->text.data, LEAK_MARK);
    if (leak) {
        why_add_text(c->why, leak);
        return false;
    }
    buf_add_str(c->why, what);
    why_add_text(c->why, text);
    return false;
}

static bool fail_value(struct check *c, const char *key, const json_t *found)
{
    AUTO(mem_freep) char *shown = found ? json_dumps(found, JSON_ENCODE_ANY) : xstrdup("not there");
    AUTO(mem_freep) char *what = xasprintf("%s is ", key);
    AUTO(buf_done) struct buf text = {0};
    const char *reason = json_string_value(json_object_get(c->stage, "reason"));
    buf_add_fmt(&text, "%.80s%s%.80s", shown, reason && *reason ? ": " : "", reason ? reason : "");
    return fail(c, what, text.data);
}

/* --- what is expected ------------------------------------------------------------------------- */

/* `wanted`: a text, or several. */
static bool texts_are(struct check *c, const json_t *wanted, bool there)
{
    size_t count = json_is_array(wanted) ? json_array_size(wanted) : 1;
    for (size_t i = 0; i < count; i++) {
        const json_t *one = json_is_array(wanted) ? json_array_get(wanted, i) : wanted;
        const char *text = json_string_value(one);
        if (!text || (strstr(c->text.data, text) != NULL) != there) {
            return fail(c, there ? "its output lacks " : "its output has ", text ? text : "?");
        }
    }
    return true;
}

static bool is_one_of(const json_t *found, const json_t *wanted)
{
    if (!json_is_array(wanted)) {
        return found && json_equal(found, wanted);
    }
    bool any = false;
    for (size_t i = 0; i < json_array_size(wanted); i++) {
        any = any || (found && json_equal(found, json_array_get(wanted, i)));
    }
    return any;
}

static bool value_is(struct check *c, const char *key, const json_t *wanted)
{
    const json_t *found = json_object_get(c->answer, key);
    if (!found) {
        found = json_object_get(c->stage, key);
    }
    return is_one_of(found, wanted) || fail_value(c, key, found);
}

static bool size_is(struct check *c, const char *key, const struct buf *data, const json_t *wanted)
{
    AUTO(remote_json_freep) json_t *size = json_integer((json_int_t)data->len);
    return is_one_of(size, wanted) || fail_value(c, key, size);
}

static bool expectation_holds(struct check *c, const char *key, const json_t *wanted)
{
    if (strcmp(key, "has") == 0 || strcmp(key, "lacks") == 0) {
        return texts_are(c, wanted, *key == 'h');
    }
    if (strcmp(key, "stdout_bytes") == 0 || strcmp(key, "stderr_bytes") == 0) {
        return size_is(c, key, key[3] == 'o' ? &c->out : &c->err, wanted);
    }
    if (strcmp(key, "cpu_ms_below") == 0) {
        const json_t *cpu = json_object_get(c->stage, "cpu_ms");
        return (cpu && json_number_value(cpu) < json_number_value(wanted)) ||
               fail_value(c, "cpu_ms", cpu);
    }
    return value_is(c, key, wanted);
}

/* --- what must be hidden ---------------------------------------------------------------------- */

bool prove_has_kernel_pointer(const char *text)
{
    /* Minus one, and where x86-64 maps the vsyscall page, in any process at the same place. */
    static const char *const harmless[] = {"ffffffffff600000", "ffffffffff601000",
                                           "ffffffffffffffff"};
    for (const char *at = strstr(text, POINTER_BEGIN); at; at = strstr(at + 1, POINTER_BEGIN)) {
        size_t len = strspn(at, "0123456789abcdef");
        bool begins = at == text || !isalnum((unsigned char)at[-1]) || at[-1] == 'x';
        bool pointer = begins && len == POINTER_DIGITS && !isalnum((unsigned char)at[len]);
        for (size_t i = 0; i < ARRAY_LEN(harmless); i++) {
            pointer = pointer && strncmp(at, harmless[i], POINTER_DIGITS) != 0;
        }
        if (pointer) {
            return true;
        }
    }
    return false;
}

static bool texts_hidden(struct check *c, const char *fact, char *const *texts)
{
    for (; texts && *texts; texts++) {
        if (**texts != '\0' && strstr(c->text.data, *texts)) {
            AUTO(mem_freep) char *what = xasprintf("it saw the host's %s: ", fact);
            return fail(c, what, *texts);
        }
    }
    return true;
}

static bool facts_hidden(struct check *c, const char *hides, const struct prove_facts *facts)
{
    const struct {
        const char *fact;
        char *const *texts;
    } rows[] = {
        {"hostname", facts->hostname},     {"boot_id", facts->boot_id},
        {"machine_id", facts->machine_id}, {"mac", facts->mac},
        {"cgroup", facts->cgroup},         {"operator", facts->operator_own},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (prove_word_in(hides, rows[i].fact) && !texts_hidden(c, rows[i].fact, rows[i].texts)) {
            return false;
        }
    }
    return !prove_word_in(hides, "kernel_pointer") || !prove_has_kernel_pointer(c->text.data) ||
           fail(c, "it saw an address of the kernel's", "");
}

bool prove_check(const struct prove_program *program, const json_t *answer,
                 const struct prove_facts *facts, struct buf *why)
{
    AUTO(check_done) struct check c = {.answer = answer, .why = why};
    const char *key;
    json_t *wanted;
    check_read(&c);
    json_object_foreach(program->expect, key, wanted)
    {
        if (!expectation_holds(&c, key, wanted)) {
            return false;
        }
    }
    return facts_hidden(&c, program->hides, facts);
}
