/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/tree.h"
#include "host_fixture.h"
#include "model/semver.h"
#include "runtimes/runtimes.h"
#include "runtimes/runtimes_at.h"
#include "sandbox/sandbox.h"

/* --- a sandbox that answers what a test tells it to -------------------------------------- */

#define BOXES_MAX 64

struct box {
    struct sandbox *sandbox;
    struct box_events events;
    char *tool; /* argv[0]'s last component */
    char **argv;
    char *input;
    bool input_ended, killed;
};

struct sandbox {
    unsigned capacity;
    bool gone;
    bool broken; /* box_start fails */
    struct box *boxes[BOXES_MAX];
    unsigned live, made, most_at_once;
    sandbox_lost_fn *lost;
    sandbox_room_fn *room;
    void *listener;
};

int box_new(struct sandbox *s, const struct box_spec *spec, const struct box_events *events,
            struct box **ret, struct err *e)
{
    assert_true(spec->layer_count > 0);
    if (s->gone) {
        return err_set(e, ERR_GONE, "gone");
    }
    if (s->live >= s->capacity) {
        return err_set(e, ERR_BUSY, "busy");
    }
    struct box *b = xcalloc(1, sizeof(*b));
    b->sandbox = s;
    b->events = *events;
    s->boxes[s->made++] = b;
    s->live++;
    s->most_at_once = s->live > s->most_at_once ? s->live : s->most_at_once;
    *ret = b;
    return 0;
}

int box_start(struct box *b, const struct box_program *p, struct err *e)
{
    if (b->sandbox->broken) {
        return err_set(e, ERR_IO, "broken");
    }
    b->argv = strv_dup(p->argv);
    b->tool = xstrdup(strrchr(p->argv[0], '/') + 1);
    return 0;
}

void box_stdin(struct box *b, const void *data, size_t len)
{
    b->input = xmemdup(data, len);
}

void box_stdin_end(struct box *b)
{
    b->input_ended = true;
}

void box_kill(struct box *b, enum box_kill_cause cause)
{
    assert_int_equal(cause, BOX_KILL_OUTPUT);
    b->killed = true;
}

void box_free(struct box *b)
{
    struct sandbox *s = b->sandbox;
    for (unsigned i = 0; i < s->made; i++) {
        if (s->boxes[i] == b) {
            s->boxes[i] = NULL;
        }
    }
    s->live--;
    free(b->tool);
    free(b->input);
    strv_free(b->argv);
    free(b);
}

void sandbox_on_lost(struct sandbox *s, sandbox_lost_fn *lost, sandbox_room_fn *room, void *ctx)
{
    s->lost = lost;
    s->room = room;
    s->listener = ctx;
}

void sandbox_forget(struct sandbox *s, void *ctx)
{
    assert_ptr_equal(s->listener, ctx);
    s->lost = NULL;
    s->room = NULL;
}

static struct box *box_of(struct sandbox *s, const char *tool)
{
    for (unsigned i = 0; i < s->made; i++) {
        if (s->boxes[i] != NULL && strcmp(s->boxes[i]->tool, tool) == 0) {
            return s->boxes[i];
        }
    }
    fail_msg("nobody asks '%s'", tool);
    abort();
}

static void box_ends(struct box *b, const char *text, enum box_end end, int wait_status)
{
    struct box_report report = {.product_fd = -1};
    report.ended.end = end;
    report.ended.wait_status = wait_status;
    if (text != NULL) {
        b->events.output(b->events.ctx, BOX_STDERR, text, strlen(text));
    }
    b->events.ended(b->events.ctx, &report);
}

/* --- a host ------------------------------------------------------------------------------ */

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static const char *const recipe_texts[] = {
    "language = 'zebra'\njudge0 = [71]\naliases = ['zeb', 'zebra{x.y}']\ntools = ['zebra', "
    "'zebra2', 'zebra3']\n"
    "extensions = ['.zb']\nheaders = ['.zh']\nfile = 'main.zb'\n"
    "run = ['{tool}', '{main}', '{args}']\nwarm = '{main}'\nwarm_alone = true\n"
    "warm_unless = ['AGE']\ncompile_warm_alone = true\ncompile_warm_unless = ['TIME']\n"
    "env = ['A=b']\nask.args = ['--version']\ntests.hello = \"hello\\n\"\n"
    "limits.compile.wall_ms = 7\n",
    "language = 'ant'\npackage = 'kit'\ntools = ['kit']\nextensions = ['.ant']\n"
    "needs_extension = true\nfile = 'main.ant'\ncompile = ['ld', '{sources}', '{tool}']\n"
    "run = ['./a.out', '{args}']\ntests.hello = \"hello\\n\"\nhost.needs = ['ld']\n"
    "[ask]\nargs = ['-v']\ninput = \"say\\n\"\nafter = 'kit'\n",
    "language = 'bee'\npackage = 'kit'\ntools = ['kit']\nonly = '>=2'\nextensions = ['.bee']\n"
    "file = 'main.bee'\nrun = ['{tool}', '{main}']\ntests.hello = \"hello\\n\"\n"
    "[ask]\nargs = ['-v']\nafter = 'kit'\n",
    "language = 'cat'\ntools = ['cat']\nextensions = ['.cat']\nfile = 'main.cat'\n"
    "run = ['{tool}', '{main}']\nask.args = ['-v']\nhost.unless = 'zebra'\n",
    "language = 'dog'\ntools = ['dog']\nextensions = ['.dog']\nfile = 'main.dog'\n"
    "run = ['{tool}', '{main}']\nask.package = 'doggy'\n",
    "language = 'zebra-again'\nunlisted = true\ntools = ['zebra']\nextensions = ['.zb']\n"
    "file = 'main.zb'\nrun = ['{tool}', '{main}']\nask.args = ['--version']\n",
    /* Not the host's, whatever it has. */
    "language = 'fox'\ntools = ['zebra']\nextensions = ['.fox']\nfile = 'main.fox'\n"
    "run = ['{tool}', '{main}']\nask.args = ['--version']\nhost.offer = false\n",
    NULL,
};

struct fixture {
    struct host_fixture host;
    struct loop *loop;
    struct sandbox sandbox;
    struct runtimes *runtimes;
    char cache[120];
    struct runtimes_wait *wait;
    struct runtime *found;
    unsigned calls;
    struct buf listed;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err e;
    host_fixture_make(&f->host);
    host_recipes(&f->host, recipe_texts);
    snprintf(f->cache, sizeof(f->cache), "%s/versions", f->host.root);
    f->sandbox.capacity = 100;
    assert_int_equal(loop_new(&f->loop, &e), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    runtimes_free(f->runtimes);
    assert_int_equal(f->sandbox.live, 0);
    loop_free(f->loop);
    host_fixture_remove(&f->host);
    runtime_unref(f->found);
    buf_done(&f->listed);
    free(f);
    return 0;
}

static void open_runtimes(struct fixture *f)
{
    f->runtimes = runtimes_new_at(&f->host.view, f->loop, &f->sandbox, f->cache, -1, -1, NULL);
}

static void tool(struct fixture *f, const char *name)
{
    host_file(f->host.bin, name, name, 0755);
}

static void turn(struct fixture *f)
{
    struct err e;
    for (int i = 0; i < 8; i++) {
        assert_int_equal(loop_step(f->loop, 0, &e), 0);
    }
}

static void on_found(void *ctx, struct runtime *found)
{
    struct fixture *f = ctx;
    runtime_unref(f->found);
    f->found = found != NULL ? runtime_ref(found) : NULL;
    f->wait = NULL;
    f->calls++;
}

static void on_listed(void *ctx, struct runtime *const *all, size_t count)
{
    struct fixture *f = ctx;
    buf_clear(&f->listed);
    for (size_t i = 0; i < count; i++) {
        buf_add_fmt(&f->listed, "%s-%s ", all[i]->language, all[i]->version);
    }
    f->calls++;
}

static void find(struct fixture *f, const char *name, const char *range)
{
    f->wait = runtimes_find(f->runtimes, name, range, on_found, f);
    turn(f);
}

static void answer(struct fixture *f, const char *name, const char *text)
{
    struct box *b = box_of(&f->sandbox, name);
    assert_non_null(b);
    box_ends(b, text, BOX_END_EXIT, 0);
    turn(f);
}

/* --- tests ------------------------------------------------------------------------------- */

static void test_find_asks_the_tool_and_answers_later(void **state)
{
    struct fixture *f = *state;
    tool(f, "zebra");
    open_runtimes(f);
    turn(f);
    assert_int_equal(f->sandbox.made, 0); /* nobody needed it */

    f->wait = runtimes_find(f->runtimes, "zeb", "*", on_found, f);
    assert_int_equal(f->calls, 0);
    turn(f);
    assert_int_equal(f->calls, 0);
    struct box *b = box_of(&f->sandbox, "zebra");
    assert_string_equal(b->argv[1], "--version");
    assert_null(b->argv[2]);
    assert_true(b->input_ended);

    answer(f, "zebra", "Zebra 2.5.1\n");

    assert_int_equal(f->calls, 1);
    assert_string_equal(f->found->version, "2.5.1");
    assert_int_equal(f->sandbox.live, 0);
}

static void test_found_runtime_is_the_recipe_with_paths(void **state)
{
    struct fixture *f = *state;
    tool(f, "zebra");
    open_runtimes(f);
    find(f, "zebra", NULL);
    answer(f, "zebra", "2.5.1");
    const struct runtime *r = f->found;
    assert_string_equal(r->language, "zebra");
    assert_string_equal(r->source, "host");
    assert_null(r->package);
    assert_memory_equal(r->run.argv[0], f->host.bin, strlen(f->host.bin));
    assert_string_equal(r->run.argv[1], "{main}");
    assert_null(r->compile.argv);
    assert_string_equal(r->aliases[0], "zeb");
    assert_string_equal(r->aliases[1], "zebra2.5");
    assert_string_equal(r->extensions[0], ".zb");
    assert_string_equal(r->header_extensions[0], ".zh");
    assert_string_equal(r->env[0], "A=b");
    assert_string_equal(r->warm, "{main}");
    assert_true(r->warm_alone);
    assert_string_equal(r->warm_unless[0], "AGE");
    assert_true(r->compile_warm_alone);
    assert_string_equal(r->compile_warm_unless[0], "TIME");
    assert_string_equal(r->hello, "hello\n");
    assert_int_equal(r->compile_limits.wall_ms, 7);
    assert_true(r->layer_count >= 3);
}

static void test_command_of_another_program_and_tool_as_argument(void **state)
{
    struct fixture *f = *state;
    tool(f, "kit");
    tool(f, "ld");
    open_runtimes(f);
    find(f, "ant", "");
    assert_string_equal(box_of(&f->sandbox, "kit")->input, "say\n");
    answer(f, "kit", "this is 9.9 kit 1.0");
    assert_string_equal(f->found->version, "1.0.0");
    assert_string_equal(f->found->package, "kit");
    assert_string_equal(strrchr(f->found->compile.argv[0], '/'), "/ld");
    assert_string_equal(strrchr(f->found->compile.argv[2], '/'), "/kit");
    assert_string_equal(f->found->run.argv[0], "./a.out");
}

static void test_recipe_without_its_other_program_is_not_offered(void **state)
{
    struct fixture *f = *state;
    tool(f, "kit");
    open_runtimes(f);
    find(f, "ant", "*");
    assert_int_equal(f->calls, 1);
    assert_null(f->found);
    assert_int_equal(f->sandbox.made, 0);
}

static void test_recipe_for_other_versions_is_not_offered(void **state)
{
    struct fixture *f = *state;
    tool(f, "kit");
    open_runtimes(f);
    find(f, "bee", "*");
    answer(f, "kit", "kit 1.9");
    assert_int_equal(f->calls, 1);
    assert_null(f->found);
}

static void test_one_tool_of_two_recipes_is_asked_once(void **state)
{
    struct fixture *f = *state;
    tool(f, "kit");
    tool(f, "ld");
    open_runtimes(f);
    runtimes_list(f->runtimes, on_listed, f);
    turn(f);
    assert_int_equal(f->sandbox.made, 1);
    answer(f, "kit", "kit 2.0");
    assert_string_equal(f->listed.data, "ant-2.0.0 bee-2.0.0 ");
}

static void test_unless_gives_way_to_the_better_tool(void **state)
{
    struct fixture *f = *state;
    tool(f, "cat");
    tool(f, "zebra");
    open_runtimes(f);
    find(f, "cat", "*");
    assert_null(f->found);
    runtimes_free(f->runtimes);
    AUTO(mem_freep) char *path = xasprintf("%s/zebra", f->host.bin);
    assert_int_equal(unlink(path), 0);
    open_runtimes(f);
    find(f, "cat", "*");
    assert_non_null(box_of(&f->sandbox, "cat"));
}

static void test_highest_version_in_the_range_wins(void **state)
{
    struct fixture *f = *state;
    tool(f, "zebra2");
    tool(f, "zebra3");
    open_runtimes(f);
    find(f, "zebra", "2.x");
    answer(f, "zebra3", "3.1.0");
    assert_int_equal(f->calls, 0); /* the other may be higher */
    answer(f, "zebra2", "2.7.0");
    assert_string_equal(f->found->version, "2.7.0");
    find(f, "zebra", "*");
    assert_string_equal(f->found->version, "3.1.0");
    find(f, "zebra2.7", "*");
    assert_string_equal(f->found->version, "2.7.0");
    find(f, "zebra", "4");
    assert_null(f->found);
    find(f, "Zebra", "*");
    assert_null(f->found);
    assert_int_equal(f->sandbox.made, 2);
}

static void test_a_package_means_its_first_language(void **state)
{
    struct fixture *f = *state;
    tool(f, "kit");
    tool(f, "ld");
    open_runtimes(f);
    find(f, "kit", "2.x");
    answer(f, "kit", "kit 2.0");
    assert_string_equal(f->found->language, "ant");
    find(f, "kit", "3.x");
    assert_null(f->found);
}

static void test_links_to_one_file_are_one_version(void **state)
{
    struct fixture *f = *state;
    tool(f, "zebra3");
    host_link(f->host.bin, "zebra", "zebra3");
    host_link(f->host.local, "zebra", "../bin/zebra3");
    open_runtimes(f);
    runtimes_list(f->runtimes, on_listed, f);
    turn(f);
    assert_int_equal(f->sandbox.made, 1);
    answer(f, "zebra", "3.0.0");
    assert_string_equal(f->listed.data, "zebra-3.0.0 ");
}

static void test_list_is_sorted_and_without_doubles(void **state)
{
    struct fixture *f = *state;
    tool(f, "zebra");
    tool(f, "zebra2");
    tool(f, "zebra3");
    tool(f, "ld");
    tool(f, "kit");
    open_runtimes(f);
    runtimes_list(f->runtimes, on_listed, f);
    turn(f);
    answer(f, "zebra", "10.0.0");
    answer(f, "zebra2", "9.0.0");
    answer(f, "zebra3", "10.0.0");
    assert_int_equal(f->calls, 0);
    answer(f, "kit", "kit 1.0");
    assert_string_equal(f->listed.data, "ant-1.0.0 zebra-9.0.0 zebra-10.0.0 ");
}

static void test_unknown_name_is_answered_without_asking(void **state)
{
    struct fixture *f = *state;
    tool(f, "zebra");
    open_runtimes(f);
    f->wait = runtimes_find(f->runtimes, "cobra", "*", on_found, f);
    assert_int_equal(f->calls, 0);
    turn(f);
    assert_int_equal(f->calls, 1);
    assert_null(f->found);
    assert_int_equal(f->sandbox.made, 0);
}

static void check_bad_answer(struct fixture *f, const char *text, enum box_end end, int status)
{
    tool(f, "zebra");
    open_runtimes(f);
    find(f, "zebra", "*");
    box_ends(box_of(&f->sandbox, "zebra"), text, end, status);
    turn(f);
    assert_int_equal(f->calls, 1);
    assert_null(f->found);
    find(f, "zebra", "*");
    assert_int_equal(f->calls, 2);
    assert_int_equal(f->sandbox.made, 1); /* not asked again at once */
}

static void test_tool_without_version_is_not_offered(void **state)
{
    check_bad_answer(*state, "no idea\n", BOX_END_EXIT, 0);
}

static void test_tool_that_says_nothing_is_not_offered(void **state)
{
    check_bad_answer(*state, NULL, BOX_END_EXIT, 0);
}

static void test_tool_that_fails_is_not_offered(void **state)
{
    check_bad_answer(*state, "2.0.0", BOX_END_EXIT, 3 << 8);
}

static void test_tool_that_dies_is_not_offered(void **state)
{
    check_bad_answer(*state, "2.0.0", BOX_END_EXIT, 11);
}

static void test_tool_that_was_stopped_is_not_offered(void **state)
{
    check_bad_answer(*state, "2.0.0", BOX_END_WALL, 9);
}

static void test_endless_answer_is_stopped(void **state)
{
    struct fixture *f = *state;
    tool(f, "zebra");
    open_runtimes(f);
    find(f, "zebra", "*");
    struct box *b = box_of(&f->sandbox, "zebra");
    char block[5000];
    memset(block, 'x', sizeof(block));
    assert_true(b->events.output(b->events.ctx, BOX_STDOUT, block, sizeof(block)));
    assert_false(b->killed);
    assert_true(b->events.output(b->events.ctx, BOX_STDOUT, block, sizeof(block)));
    assert_true(b->killed);
    box_ends(b, NULL, BOX_END_OUTPUT, 9);
    turn(f);
    assert_null(f->found);
}

static void test_failing_start_is_an_answer_too(void **state)
{
    struct fixture *f = *state;
    tool(f, "zebra");
    f->sandbox.broken = true;
    open_runtimes(f);
    find(f, "zebra", "*");
    assert_int_equal(f->calls, 1);
    assert_null(f->found);
}

static void test_at_most_four_are_asked_at_once(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"zebra", "zebra2", "zebra3", "kit", "dog"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        tool(f, names[i]);
    }
    tool(f, "ld");
    host_file(f->host.local, "zebra", "another", 0755);
    open_runtimes(f);
    runtimes_list(f->runtimes, on_listed, f);
    turn(f);
    assert_int_equal(f->sandbox.live, 4);
    while (f->sandbox.live > 0) {
        for (unsigned i = 0; i < f->sandbox.made; i++) {
            if (f->sandbox.boxes[i] != NULL) {
                box_ends(f->sandbox.boxes[i], "kit 1.0.0", BOX_END_EXIT, 0);
            }
        }
        turn(f);
    }
    assert_int_equal(f->sandbox.made, 5);
    assert_int_equal(f->sandbox.most_at_once, 4);
    assert_int_equal(f->calls, 1);
}

static void test_full_sandbox_is_asked_again_when_it_has_room(void **state)
{
    struct fixture *f = *state;
    tool(f, "zebra");
    f->sandbox.capacity = 0;
    open_runtimes(f);
    find(f, "zebra", "*");
    assert_int_equal(f->sandbox.made, 0);
    f->sandbox.capacity = 1;
    f->sandbox.room(f->sandbox.listener);
    turn(f);
    answer(f, "zebra", "1.0.0");
    assert_string_equal(f->found->version, "1.0.0");
}

static void test_lost_sandbox_is_replaced_and_asked_again(void **state)
{
    struct fixture *f = *state;
    tool(f, "zebra");
    open_runtimes(f);
    find(f, "zebra", "*");
    f->sandbox.gone = true;
    box_ends(box_of(&f->sandbox, "zebra"), NULL, BOX_END_LOST, 0);
    f->sandbox.lost(f->sandbox.listener);
    turn(f);
    assert_int_equal(f->calls, 0);
    assert_int_equal(f->sandbox.live, 0);

    struct sandbox next = {.capacity = 4};
    runtimes_set_sandbox(f->runtimes, &next);
    turn(f);
    box_ends(box_of(&next, "zebra"), "4.0.0", BOX_END_EXIT, 0);
    turn(f);
    assert_string_equal(f->found->version, "4.0.0");
    runtimes_set_sandbox(f->runtimes, NULL);
}

static void test_sandbox_taken_away_while_asking(void **state)
{
    struct fixture *f = *state;
    tool(f, "zebra");
    open_runtimes(f);
    find(f, "zebra", "*");
    runtimes_set_sandbox(f->runtimes, NULL);
    assert_int_equal(f->sandbox.live, 0);
    turn(f);
    runtimes_set_sandbox(f->runtimes, &f->sandbox);
    turn(f);
    answer(f, "zebra", "1.0.0");
    assert_int_equal(f->calls, 1);
    assert_non_null(f->found);
}

static void test_box_that_is_lost_again_and_again_is_given_up(void **state)
{
    struct fixture *f = *state;
    tool(f, "zebra");
    open_runtimes(f);
    find(f, "zebra", "*");
    for (int i = 0; i < 3; i++) {
        box_ends(box_of(&f->sandbox, "zebra"), NULL, BOX_END_LOST, 0);
        turn(f);
    }
    assert_int_equal(f->sandbox.made, 3);
    assert_int_equal(f->calls, 1);
    assert_null(f->found);
}

static void test_cancelled_wait_is_not_called(void **state)
{
    struct fixture *f = *state;
    tool(f, "zebra");
    open_runtimes(f);
    find(f, "zebra", "*");
    runtimes_cancel(f->wait);
    runtimes_cancel(NULL);
    answer(f, "zebra", "1.0.0");
    assert_int_equal(f->calls, 0);
}

static void test_peek_does_not_ask(void **state)
{
    struct fixture *f = *state;
    tool(f, "zebra");
    open_runtimes(f);
    bool known = true;
    assert_null(runtimes_peek(f->runtimes, "zebra", "*", &known));
    assert_false(known);
    turn(f);
    assert_int_equal(f->sandbox.made, 0);
    assert_null(runtimes_peek(f->runtimes, "cobra", "*", &known));
    assert_true(known);

    find(f, "zebra", "*");
    answer(f, "zebra", "1.0.0");
    struct runtime *r = runtimes_peek(f->runtimes, "zebra", NULL, &known);
    assert_true(known);
    assert_string_equal(r->version, "1.0.0");
    runtime_unref(r);
}

static void test_peek_judge0_gives_the_nearest_version(void **state)
{
    struct fixture *f = *state;
    static const struct semver wanted[] = {{.major = 1}, {.major = 2, .minor = 5}, {.major = 9}};
    static const char *const nearest[] = {"2.0.0", "3.0.0", "3.0.0"};
    tool(f, "zebra2");
    tool(f, "zebra3");
    open_runtimes(f);
    const char *unknown;
    assert_null(runtimes_peek_judge0(f->runtimes, false, 71, &wanted[0], &unknown));
    assert_string_equal(unknown, "zebra");
    assert_null(runtimes_peek_judge0(f->runtimes, true, 71, &wanted[0], &unknown));
    assert_null(unknown);

    find(f, "zebra", "*");
    answer(f, "zebra2", "2.0.0");
    answer(f, "zebra3", "3.0.0");
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        struct runtime *r = runtimes_peek_judge0(f->runtimes, false, 71, &wanted[i], &unknown);
        assert_string_equal(r->version, nearest[i]);
        runtime_unref(r);
    }
}

static void test_package_version_needs_no_box(void **state)
{
    struct fixture *f = *state;
    tool(f, "dog");
    host_file(f->host.dpkg, "status",
              "Package: doggy\nStatus: install ok installed\nVersion: 1:0.5.12-2\n\n", 0644);
    open_runtimes(f);
    find(f, "dog", "*");
    assert_int_equal(f->sandbox.made, 0);
    assert_string_equal(f->found->version, "0.5.12");
}

static void test_package_that_is_not_there_is_not_offered(void **state)
{
    struct fixture *f = *state;
    tool(f, "dog");
    open_runtimes(f);
    find(f, "dog", "*");
    assert_int_equal(f->calls, 1);
    assert_null(f->found);
}

static void test_unlisted_recipe_is_found_by_its_name_alone(void **state)
{
    struct fixture *f = *state;
    tool(f, "zebra");
    open_runtimes(f);
    runtimes_list(f->runtimes, on_listed, f);
    turn(f);
    answer(f, "zebra", "2.5.1");
    assert_string_equal(f->listed.data, "zebra-2.5.1 ");
    find(f, "zebra-again", "*");
    assert_string_equal(f->found->version, "2.5.1");
    assert_int_equal(f->sandbox.made, 1);
}

/* --- what needs no language --------------------------------------------------------------- */

static void bash_is_here(struct fixture *f)
{
    tool(f, "bash");
    tool(f, "sh");
    host_file(f->host.dpkg, "status",
              "Package: bash\nStatus: install ok installed\nVersion: 5.2.15-2+b13\n\n", 0644);
}

static struct runtime *builtin(struct fixture *f, const char *name)
{
    struct runtime *r = runtimes_builtin(f->runtimes, name);
    assert_non_null(r);
    assert_string_equal(r->language, name);
    assert_string_equal(r->source, "host");
    assert_true(r->layer_count >= 3);
    return r;
}

static void test_builtin_text_prints_its_file(void **state)
{
    struct fixture *f = *state;
    tool(f, "cat");
    open_runtimes(f);
    struct runtime *r = builtin(f, "text");
    assert_string_equal(strrchr(r->run.argv[0], '/'), "/cat");
    assert_string_equal(r->run.argv[1], "{main}");
    assert_null(r->run.argv[2]);
    assert_false(runtime_is_compiled(r));
    runtime_unref(r);
}

static void test_builtin_executable_is_its_file(void **state)
{
    struct fixture *f = *state;
    open_runtimes(f);
    struct runtime *r = builtin(f, "executable");
    assert_string_equal(r->run.argv[0], "./{main}");
    assert_false(runtime_is_compiled(r));
    struct semver version;
    assert_true(semver_parse(r->version, &version));
    runtime_unref(r);
}

static void test_builtin_scripts_have_the_version_of_bash(void **state)
{
    struct fixture *f = *state;
    bash_is_here(f);
    open_runtimes(f);
    struct runtime *r = builtin(f, "scripts");
    assert_string_equal(r->version, "5.2.15");
    assert_true(runtime_is_compiled(r));
    assert_int_equal(f->sandbox.made, 0);
    runtime_unref(r);
}

static void test_builtin_is_made_once_and_in_no_list(void **state)
{
    struct fixture *f = *state;
    tool(f, "cat");
    tool(f, "zebra"); /* with it there is no recipe for cat */
    open_runtimes(f);
    struct runtime *first = builtin(f, "text"), *second = builtin(f, "text");
    assert_ptr_equal(first, second);
    runtime_unref(first);
    runtime_unref(second);
    runtimes_list(f->runtimes, on_listed, f);
    turn(f);
    answer(f, "zebra", "1.0.0");
    assert_string_equal(f->listed.data, "zebra-1.0.0 ");
}

static void test_builtin_outlives_a_refresh_for_who_holds_it(void **state)
{
    struct fixture *f = *state;
    tool(f, "cat");
    open_runtimes(f);
    struct runtime *held = builtin(f, "text");
    runtimes_refresh(f->runtimes);
    assert_string_equal(held->language, "text");
    assert_int_equal(held->refs, 1);
    runtime_unref(held);
}

static void test_builtin_without_its_program_is_not_there(void **state)
{
    struct fixture *f = *state;
    tool(f, "sh");
    open_runtimes(f);
    assert_null(runtimes_builtin(f->runtimes, "text"));
    assert_null(runtimes_builtin(f->runtimes, "scripts"));
    assert_null(runtimes_builtin(f->runtimes, "zebra"));
}

/* The text of "scripts", run by the host's own shell in a directory of these files. */
static void scripts_say(struct fixture *f, bool compile, const char *const *files, const char *out,
                        int status)
{
    char dir[100], command[200];
    snprintf(dir, sizeof(dir), "%s/box", f->host.root);
    assert_int_equal(mkdir(dir, 0755), 0);
    for (; *files != NULL; files++) {
        AUTO(mem_freep) char *text = xasprintf("echo %s; exit 7", *files);
        host_file(dir, *files, text, 0644);
    }
    struct runtime *r = builtin(f, "scripts");
    char *const *argv = compile ? r->compile.argv : r->run.argv;
    assert_string_equal(argv[1], "-c");
    assert_null(argv[3]);
    assert_int_equal(setenv("BELLJAR_TEXT", argv[2], 1), 0);
    snprintf(command, sizeof(command), "cd %s && sh -c \"$BELLJAR_TEXT\" 2>&1", dir);
    FILE *p = popen(command, "r"); /* NOLINT: a test */
    char said[200] = "";
    size_t len = fread(said, 1, sizeof(said) - 1, p);
    said[len] = '\0';
    assert_int_equal(pclose(p), status << 8);
    assert_string_equal(said, out);
    runtime_unref(r);
    struct err e;
    AUTO(fd_closep) int root = open(f->host.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(tree_remove(root, "box", &e), 0);
}

static void test_builtin_scripts_choose_as_judge0_does(void **state)
{
    struct fixture *f = *state;
    bash_is_here(f);
    open_runtimes(f);
    scripts_say(f, true, LIST("compile.sh", "compile", "run"), "compile.sh\n", 7);
    scripts_say(f, true, LIST("compile"), "compile\n", 7);
    scripts_say(f, true, LIST("run"), "", 0);
    scripts_say(f, false, LIST("run.sh", "run", "compile"), "run.sh\n", 7);
    scripts_say(f, false, LIST("run"), "run\n", 7);
    scripts_say(f, false, LIST("compile"), "/bin/bash: run: No such file or directory\n", 127);
}

/* --- what is made of what is known -------------------------------------------------------- */

static void count_free(void *value)
{
    ++*(unsigned *)value;
}

static void test_kept_value_is_freed_when_more_is_known(void **state)
{
    struct fixture *f = *state;
    static const char key;
    unsigned freed = 0;
    tool(f, "zebra");
    open_runtimes(f);
    assert_null(runtimes_kept(f->runtimes, &key));
    runtimes_keep(f->runtimes, &key, &freed, count_free);
    assert_ptr_equal(runtimes_kept(f->runtimes, &key), &freed);
    assert_null(runtimes_kept(f->runtimes, f));
    find(f, "zebra", "*");
    assert_int_equal(freed, 0);
    answer(f, "zebra", "1.0.0");
    assert_int_equal(freed, 1);
    assert_null(runtimes_kept(f->runtimes, &key));
}

static void test_kept_value_is_freed_by_a_refresh_and_at_the_end(void **state)
{
    struct fixture *f = *state;
    unsigned first = 0, second = 0;
    open_runtimes(f);
    runtimes_keep(f->runtimes, &first, &first, count_free);
    runtimes_refresh(f->runtimes);
    assert_int_equal(first, 1);
    runtimes_keep(f->runtimes, &second, &second, count_free);
    runtimes_free(f->runtimes);
    f->runtimes = NULL;
    assert_int_equal(second, 1);
}

/* --- the cache --------------------------------------------------------------------------- */

static void learn(struct fixture *f, const char *version)
{
    tool(f, "zebra");
    open_runtimes(f);
    find(f, "zebra", "*");
    answer(f, "zebra", version);
    runtimes_free(f->runtimes);
    f->runtimes = NULL;
}

static void test_restart_asks_nobody(void **state)
{
    struct fixture *f = *state;
    learn(f, "5.6.7");
    open_runtimes(f);
    find(f, "zebra", "*");
    assert_int_equal(f->sandbox.made, 1);
    assert_string_equal(f->found->version, "5.6.7");
}

static void test_changed_tool_is_asked_again(void **state)
{
    struct fixture *f = *state;
    learn(f, "5.6.7");
    host_file(f->host.bin, "zebra", "a longer text", 0755);
    open_runtimes(f);
    find(f, "zebra", "*");
    answer(f, "zebra", "6.0.0");
    assert_string_equal(f->found->version, "6.0.0");
}

static void test_bad_cache_is_ignored_and_rewritten(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {
        "",
        "something else\n",
        "belljar versions 1\nnot a line\n",
        "belljar versions 1\n1\t2\t3\tlatest\t/x\n",
        "belljar versions 1\n1\t2\t3\t1.0.0\trelative\n",
        "belljar versions 1\n1\t2\t99999999999999999999999\t1.0.0\t/x\n",
        "belljar versions 1\n-1\t2\t3\t1.0.0\t/x\n",
        "belljar versions 1\n1\t2\t3\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        host_file(f->host.root, "versions", bad[i], 0600);
        unsigned made = f->sandbox.made;
        learn(f, "1.2.3");
        assert_int_equal(f->sandbox.made, made + 1);
        AUTO(buf_done) struct buf text = {0};
        struct err e;
        assert_int_equal(fd_read_path(f->cache, 10000, &text, &e), 0);
        assert_non_null(strstr(text.data, "\t1.2.3\t"));
    }
}

static void test_cache_that_cannot_be_written_is_no_failure(void **state)
{
    struct fixture *f = *state;
    snprintf(f->cache, sizeof(f->cache), "%s/nowhere/versions", f->host.root);
    learn(f, "1.0.0");
    assert_string_equal(f->found->version, "1.0.0");
}

/* --- changes of the host ----------------------------------------------------------------- */

static void test_refresh_sees_new_tools_and_keeps_old_versions(void **state)
{
    struct fixture *f = *state;
    tool(f, "zebra2");
    open_runtimes(f);
    find(f, "zebra", "*");
    answer(f, "zebra2", "2.0.0");
    tool(f, "zebra3");
    runtimes_refresh(f->runtimes);
    find(f, "zebra", "*");
    assert_int_equal(f->sandbox.made, 2);
    answer(f, "zebra3", "3.0.0");
    assert_string_equal(f->found->version, "3.0.0");
}

static void test_refresh_tells_the_same_versions_apart(void **state)
{
    struct fixture *f = *state;
    tool(f, "zebra2");
    open_runtimes(f);
    find(f, "zebra", "*");
    answer(f, "zebra2", "2.0.0");
    uint64_t before = f->found->generation;
    assert_true(before > 0);
    runtimes_refresh(f->runtimes);
    find(f, "zebra", "*");
    assert_string_equal(f->found->version, "2.0.0");
    assert_true(f->found->generation > before);
}

static void test_refresh_while_asking_asks_again(void **state)
{
    struct fixture *f = *state;
    tool(f, "zebra");
    open_runtimes(f);
    find(f, "zebra", "*");
    runtimes_refresh(f->runtimes);
    assert_int_equal(f->sandbox.live, 0);
    turn(f);
    answer(f, "zebra", "1.0.0");
    assert_int_equal(f->calls, 1);
    assert_string_equal(f->found->version, "1.0.0");
}

static void test_refresh_answers_who_waits_for_a_tool_that_went(void **state)
{
    struct fixture *f = *state;
    tool(f, "zebra");
    open_runtimes(f);
    find(f, "zebra", "*");
    AUTO(mem_freep) char *path = xasprintf("%s/zebra", f->host.bin);
    assert_int_equal(unlink(path), 0);
    runtimes_refresh(f->runtimes);
    turn(f);
    assert_int_equal(f->calls, 1);
    assert_null(f->found);
}

static void free_all(void *ctx, struct runtime *found)
{
    struct fixture *f = ctx;
    on_found(f, found);
    runtimes_free(f->runtimes);
    f->runtimes = NULL;
}

static void test_free_from_a_callback(void **state)
{
    struct fixture *f = *state;
    tool(f, "zebra");
    open_runtimes(f);
    runtimes_find(f->runtimes, "zebra", "*", free_all, f);
    runtimes_find(f->runtimes, "zebra", "*", on_found, f);
    turn(f);
    answer(f, "zebra", "1.0.0");
    assert_int_equal(f->calls, 1);
    assert_string_equal(f->found->version, "1.0.0");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_find_asks_the_tool_and_answers_later),
        T(test_found_runtime_is_the_recipe_with_paths),
        T(test_command_of_another_program_and_tool_as_argument),
        T(test_recipe_without_its_other_program_is_not_offered),
        T(test_recipe_for_other_versions_is_not_offered),
        T(test_one_tool_of_two_recipes_is_asked_once),
        T(test_unless_gives_way_to_the_better_tool),
        T(test_highest_version_in_the_range_wins),
        T(test_a_package_means_its_first_language),
        T(test_links_to_one_file_are_one_version),
        T(test_list_is_sorted_and_without_doubles),
        T(test_unknown_name_is_answered_without_asking),
        T(test_tool_without_version_is_not_offered),
        T(test_tool_that_says_nothing_is_not_offered),
        T(test_tool_that_fails_is_not_offered),
        T(test_tool_that_dies_is_not_offered),
        T(test_tool_that_was_stopped_is_not_offered),
        T(test_endless_answer_is_stopped),
        T(test_failing_start_is_an_answer_too),
        T(test_at_most_four_are_asked_at_once),
        T(test_full_sandbox_is_asked_again_when_it_has_room),
        T(test_lost_sandbox_is_replaced_and_asked_again),
        T(test_sandbox_taken_away_while_asking),
        T(test_box_that_is_lost_again_and_again_is_given_up),
        T(test_cancelled_wait_is_not_called),
        T(test_peek_does_not_ask),
        T(test_peek_judge0_gives_the_nearest_version),
        T(test_package_version_needs_no_box),
        T(test_package_that_is_not_there_is_not_offered),
        T(test_unlisted_recipe_is_found_by_its_name_alone),
        T(test_builtin_text_prints_its_file),
        T(test_builtin_executable_is_its_file),
        T(test_builtin_scripts_have_the_version_of_bash),
        T(test_builtin_is_made_once_and_in_no_list),
        T(test_builtin_outlives_a_refresh_for_who_holds_it),
        T(test_builtin_without_its_program_is_not_there),
        T(test_builtin_scripts_choose_as_judge0_does),
        T(test_kept_value_is_freed_when_more_is_known),
        T(test_kept_value_is_freed_by_a_refresh_and_at_the_end),
        T(test_restart_asks_nobody),
        T(test_changed_tool_is_asked_again),
        T(test_bad_cache_is_ignored_and_rewritten),
        T(test_cache_that_cannot_be_written_is_no_failure),
        T(test_refresh_sees_new_tools_and_keeps_old_versions),
        T(test_refresh_tells_the_same_versions_apart),
        T(test_refresh_while_asking_asks_again),
        T(test_refresh_answers_who_waits_for_a_tool_that_went),
        T(test_free_from_a_callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
