/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "api/judge0/languages.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"
#include "model/runtime.h"
#include "model/semver.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"
#include "runtimes/runtimes.h"

/* --- runtimes that know what a test says ------------------------------------------------- */

struct runtimes_wait {
    runtimes_listed_fn *fn;
    void *ctx;
};

struct runtimes {
    bool known;
    struct runtime *all[16];
    size_t count;
    unsigned peeks;
    struct semver wanted; /* of the last one */
    struct recipes *recipes;
    struct runtimes_wait *wait;
    const void *key;
    void *kept;
    runtimes_kept_free_fn *kept_free;
};

static bool is_named(const struct recipe *recipe, bool extra, unsigned id, const char *language)
{
    return recipe_is_judge0(recipe, extra, id) && strcmp(recipe->language, language) == 0;
}

const struct recipes *runtimes_recipes(struct runtimes *r)
{
    r->recipes = r->recipes != NULL ? r->recipes : recipes_new(NULL, NULL, NULL);
    return r->recipes;
}

/* Those of a language of which a recipe has the id: the built-in recipes are the tests'. */
static bool may_run(struct runtimes *r, const struct runtime *runtime, bool extra, unsigned id)
{
    size_t count, i = 0;
    const struct recipe *const *all = recipes_all(runtimes_recipes(r), &count);
    while (i < count && !is_named(all[i], extra, id, runtime->language)) {
        i++;
    }
    return i < count;
}

struct runtime *runtimes_peek_judge0(struct runtimes *r, bool extra, unsigned id,
                                     const struct semver *wanted, const char **ret_unknown)
{
    r->peeks++;
    r->wanted = *wanted;
    *ret_unknown = r->known ? NULL : "python";
    for (size_t i = 0; r->known && i < r->count; i++) {
        if (may_run(r, r->all[i], extra, id)) {
            return runtime_ref(r->all[i]);
        }
    }
    return NULL;
}

struct runtime *runtimes_builtin(struct runtimes *r, const char *name)
{
    for (size_t i = 0; i < r->count; i++) {
        if (strcmp(r->all[i]->language, name) == 0) {
            return runtime_ref(r->all[i]);
        }
    }
    return NULL;
}

struct runtimes_wait *runtimes_list(struct runtimes *r, runtimes_listed_fn *fn, void *ctx)
{
    assert_null(r->wait);
    r->wait = xcalloc(1, sizeof(*r->wait));
    *r->wait = (struct runtimes_wait){fn, ctx};
    return r->wait;
}

void runtimes_cancel(struct runtimes_wait *w)
{
    free(w);
}

void runtimes_keep(struct runtimes *r, const void *key, void *value, runtimes_kept_free_fn *fn)
{
    assert_null(r->kept);
    r->key = key;
    r->kept = value;
    r->kept_free = fn;
}

void *runtimes_kept(struct runtimes *r, const void *key)
{
    return r->key == key ? r->kept : NULL;
}

static void drop_kept(struct runtimes *r)
{
    if (r->kept != NULL) {
        r->kept_free(r->kept);
        r->kept = NULL;
        r->key = NULL;
    }
}

static struct runtime *install(struct runtimes *r, const char *language, const char *version,
                               bool compiled)
{
    struct runtime *made = runtime_new();
    made->language = xstrdup(language);
    made->version = xstrdup(version);
    if (compiled) {
        strv_add(&made->compile.argv, "cc");
    }
    r->all[r->count++] = made;
    return made;
}

static void listed(struct runtimes *r)
{
    struct runtimes_wait w = *r->wait;
    free(r->wait);
    r->wait = NULL;
    r->known = true;
    w.fn(w.ctx, r->all, r->count);
}

static void runtimes_done(struct runtimes *r)
{
    drop_kept(r);
    for (size_t i = 0; i < r->count; i++) {
        assert_int_equal(r->all[i]->refs, 1); /* nobody else holds it any more */
        runtime_unref(r->all[i]);
    }
    recipes_free(r->recipes);
}

/* --- looks ------------------------------------------------------------------------------- */

struct seen {
    unsigned calls;
    int id;
    enum judge0_language_state state;
    char name[80];
    const struct runtime *runtime;
    bool compiled;
    size_t count;
    char remedy[80];
};

static void on_look(void *ctx, const struct judge0_language_set *set)
{
    struct seen *s = ctx;
    s->calls++;
    s->state = judge0_language_state(set, s->id);
    judge0_language_name(set, s->id, s->name, sizeof(s->name));
    s->runtime = judge0_language_runtime(set, s->id);
    s->compiled = judge0_language_is_compiled(set, s->id);
    judge0_languages_all(set, &s->count);
    AUTO(buf_done) struct buf remedy = {0};
    judge0_language_remedy(set, s->id, &remedy);
    snprintf(s->remedy, sizeof(s->remedy), "%s", remedy.data);
}

static struct seen look(struct runtimes *r, enum judge0_flavour flavour, int id)
{
    struct seen s = {.id = id};
    assert_null(judge0_languages_look(r, flavour, on_look, &s));
    assert_int_equal(s.calls, 1);
    return s;
}

static void test_look_waits_until_all_versions_are_known(void **state)
{
    (void)state;
    struct runtimes r = {0};
    struct seen s = {.id = 71};
    install(&r, "python", "3.11.2", false);
    struct judge0_languages_wait *w = judge0_languages_look(&r, FLAVOUR_CE, on_look, &s);
    assert_non_null(w);
    assert_int_equal(s.calls, 0);

    listed(&r);

    assert_int_equal(s.calls, 1);
    assert_string_equal(s.name, "Python (3.11.2)");
    runtimes_done(&r);
}

static void test_look_that_was_cancelled_is_not_told(void **state)
{
    (void)state;
    struct runtimes r = {0};
    struct seen s = {.id = 71};
    judge0_languages_cancel(judge0_languages_look(&r, FLAVOUR_CE, on_look, &s));
    judge0_languages_cancel(NULL);
    assert_int_equal(s.calls, 0);
    runtimes_done(&r);
}

static void test_look_when_a_version_is_forgotten_again_waits_on(void **state)
{
    (void)state;
    struct runtimes r = {0};
    struct seen s = {.id = 71};
    assert_non_null(judge0_languages_look(&r, FLAVOUR_CE, on_look, &s));
    struct runtimes_wait first = *r.wait;
    free(r.wait);
    r.wait = NULL;
    first.fn(first.ctx, NULL, 0);
    assert_int_equal(s.calls, 0);
    listed(&r);
    assert_int_equal(s.calls, 1);
    runtimes_done(&r);
}

static void test_second_look_asks_for_nothing(void **state)
{
    (void)state;
    struct runtimes r = {.known = true};
    install(&r, "python", "3.11.2", false);
    look(&r, FLAVOUR_CE, 71);
    unsigned peeks = r.peeks;
    assert_true(peeks > 0);

    struct seen again = look(&r, FLAVOUR_CE, 71);

    assert_int_equal(r.peeks, peeks);
    assert_ptr_equal(again.runtime, r.all[0]);
    runtimes_done(&r);
}

static void test_look_after_a_change_sees_it(void **state)
{
    (void)state;
    struct runtimes r = {.known = true};
    assert_int_equal(look(&r, FLAVOUR_CE, 71).state, LANGUAGE_MISSING);
    install(&r, "python", "3.13.0", false);
    drop_kept(&r);
    assert_int_equal(look(&r, FLAVOUR_CE, 71).state, LANGUAGE_READY);
    runtimes_done(&r);
}

static void drop_then_look(void *ctx, const struct judge0_language_set *set)
{
    struct runtimes *r = ctx;
    drop_kept(r);
    assert_int_equal(judge0_language_state(set, 71), LANGUAGE_READY);
}

static void test_set_is_valid_until_its_callback_returns(void **state)
{
    (void)state;
    struct runtimes r = {.known = true};
    install(&r, "python", "3.13.0", false);
    assert_null(judge0_languages_look(&r, FLAVOUR_CE, drop_then_look, &r));
    runtimes_done(&r);
}

/* --- states and names -------------------------------------------------------------------- */

static void test_states(void **state)
{
    (void)state;
    struct runtimes r = {.known = true};
    install(&r, "python", "3.11.2", false);
    static const struct {
        int id;
        enum judge0_language_state state;
    } rows[] = {
        {71, LANGUAGE_READY},    {113, LANGUAGE_READY},  {70, LANGUAGE_MISSING},
        {83, LANGUAGE_MISSING},  {43, LANGUAGE_MISSING}, {1, LANGUAGE_ARCHIVED},
        {34, LANGUAGE_ARCHIVED}, {0, LANGUAGE_UNKNOWN},  {114, LANGUAGE_UNKNOWN},
        {-1, LANGUAGE_UNKNOWN},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct seen s = look(&r, FLAVOUR_CE, rows[i].id);
        assert_int_equal(s.state, rows[i].state);
        assert_int_equal(s.runtime != NULL, rows[i].state == LANGUAGE_READY);
    }
    runtimes_done(&r);
}

static void test_names_have_the_version_that_is_installed(void **state)
{
    (void)state;
    struct runtimes r = {.known = true};
    install(&r, "c", "12.2.0", true);
    install(&r, "java-compiled", "17.0.19", true);
    install(&r, "python", "3.11.2", false);
    install(&r, "javascript", "18.19.0", false);
    install(&r, "erlang", "25.0.0", false);
    install(&r, "d", "12.2.0", true);
    install(&r, "text", "9.1.0", false);
    install(&r, "scripts", "5.2.15", true);
    static const struct {
        int id;
        const char *name;
    } names[] = {
        {48, "C (GCC 12.2.0)"},
        {50, "C (GCC 12.2.0)"},
        {62, "Java (OpenJDK 17.0.19)"},
        {71, "Python (3.11.2)"},
        {63, "JavaScript (Node.js 18.19.0)"},
        {58, "Erlang (OTP 25.0.0)"},
        {56, "D (GDC 12.2.0)"},
        {43, "Plain Text"},
        {89, "Multi-file program"},
        /* what is not there keeps Judge0's own name */
        {54, "C++ (GCC 9.2.0)"},
        {70, "Python (2.7.17)"},
        {34, "Python (3.6.0)"},
        {1000, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_string_equal(look(&r, FLAVOUR_CE, names[i].id).name, names[i].name);
    }
    runtimes_done(&r);
}

static void test_python_two_is_not_python_three(void **state)
{
    (void)state;
    struct runtimes r = {.known = true};
    install(&r, "python2", "2.7.18", false);
    assert_string_equal(look(&r, FLAVOUR_CE, 70).name, "Python (2.7.18)");
    assert_int_equal(look(&r, FLAVOUR_CE, 71).state, LANGUAGE_MISSING);
    runtimes_done(&r);
}

static void test_compiled_are_those_with_a_compile_stage_but_not_scripts(void **state)
{
    (void)state;
    struct runtimes r = {.known = true};
    install(&r, "c", "12.2.0", true);
    install(&r, "python", "3.11.2", false);
    install(&r, "scripts", "5.2.15", true);
    assert_true(look(&r, FLAVOUR_CE, 50).compiled);
    assert_false(look(&r, FLAVOUR_CE, 71).compiled);
    assert_false(look(&r, FLAVOUR_CE, 89).compiled);
    assert_false(look(&r, FLAVOUR_CE, 54).compiled);
    runtimes_done(&r);
}

static void test_flavours_have_their_own_ids(void **state)
{
    (void)state;
    struct runtimes r = {.known = true};
    install(&r, "c-clang", "14.0.6", true);
    struct seen s = look(&r, FLAVOUR_EXTRA, 1);
    assert_string_equal(s.name, "C (Clang 14.0.6)");
    assert_int_equal(s.count, 34);
    drop_kept(&r);
    assert_int_equal(look(&r, FLAVOUR_EXTRA, 34).state, LANGUAGE_UNKNOWN);
    assert_int_equal(look(&r, FLAVOUR_EXTRA, 17).state, LANGUAGE_ARCHIVED);
    drop_kept(&r);
    s = look(&r, FLAVOUR_CE, 1);
    assert_int_equal(s.state, LANGUAGE_ARCHIVED);
    assert_int_equal(s.count, 113);
    runtimes_done(&r);
}

/* --- the table --------------------------------------------------------------------------- */

static void test_ids_of_ce_are_1_to_113(void **state)
{
    (void)state;
    for (int id = 1; id <= 113; id++) {
        const struct judge0_language *row = judge0_language(FLAVOUR_CE, id);
        assert_non_null(row);
        assert_int_equal(row->id, id);
        assert_int_equal(row->archived, id <= 42);
        assert_int_equal(row->source_file == NULL, id == 89);
        assert_int_equal(row->builtin != NULL, id == 43 || id == 44 || id == 89);
    }
    assert_null(judge0_language(FLAVOUR_CE, 0));
    assert_null(judge0_language(FLAVOUR_CE, 114));
}

static void test_ids_of_extra_are_1_to_33_and_89(void **state)
{
    (void)state;
    for (int id = 1; id <= 89; id++) {
        const struct judge0_language *row = judge0_language(FLAVOUR_EXTRA, id);
        assert_int_equal(row != NULL, id <= 33 || id == 89);
        if (row != NULL) {
            assert_int_equal(row->archived, id >= 16 && id <= 19);
        }
    }
}

static bool extension_fits(const struct recipe *recipe, const char *name)
{
    for (char *const *x = recipe->extensions; *x != NULL; x++) {
        if (str_ends(name, *x)) {
            return true;
        }
    }
    return false;
}

static void check_id(const struct recipe *recipe, enum judge0_flavour flavour, unsigned id)
{
    const struct judge0_language *row = judge0_language(flavour, (int)id);
    if (row == NULL || row->archived || row->builtin != NULL) {
        fail_msg("%s: Judge0's %u is nothing that a recipe can run", recipe->id, id);
        abort();
    }
    if (!extension_fits(recipe, row->source_file)) {
        fail_msg("%s: '%s' of %u is no file for it", recipe->id, row->source_file, id);
    }
}

static void test_every_id_of_a_recipe_can_run_and_its_file_fits(void **state)
{
    (void)state;
    AUTO(recipes_freep) struct recipes *recipes = recipes_new(NULL, NULL, NULL);
    size_t count, ids = 0;
    const struct recipe *const *all = recipes_all(recipes, &count);
    for (size_t i = 0; i < count; i++) {
        for (const unsigned *id = all[i]->judge0; id != NULL && *id != 0; id++, ids++) {
            check_id(all[i], FLAVOUR_CE, *id);
        }
        for (const unsigned *id = all[i]->judge0_extra; id != NULL && *id != 0; id++, ids++) {
            check_id(all[i], FLAVOUR_EXTRA, *id);
        }
    }
    assert_true(ids > 100);
}

static void test_names_begin_with_their_labels(void **state)
{
    (void)state;
    for (int id = 1; id <= 113; id++) {
        const struct judge0_language *row = judge0_language(FLAVOUR_CE, id);
        assert_true(str_starts(row->name, row->label) || strchr(row->label, '(') != NULL);
    }
}

static void test_wanted_version_is_that_of_the_name(void **state)
{
    (void)state;
    static const struct {
        int id;
        struct semver version;
    } rows[] = {
        {71, {.major = 3, .minor = 8, .patch = 1}},
        {50, {.major = 9, .minor = 2}},
        {102, {.major = 22, .minor = 8}},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct runtimes r = {.known = true};
        const char *unknown;
        assert_null(judge0_language_peek(&r, FLAVOUR_CE, judge0_language(FLAVOUR_CE, rows[i].id),
                                         &unknown));
        assert_int_equal(semver_compare(&r.wanted, &rows[i].version), 0);
    }
}

static void test_archived_language_looks_for_nothing(void **state)
{
    (void)state;
    struct runtimes r = {.known = true};
    const char *unknown = "";
    assert_null(judge0_language_peek(&r, FLAVOUR_CE, judge0_language(FLAVOUR_CE, 34), &unknown));
    assert_null(unknown);
    assert_int_equal(r.peeks, 0);
}

/* Judge0's own have these compiled, and its clients give them compiler options. */
static void test_what_judge0_compiles_has_a_compile_stage(void **state)
{
    (void)state;
    AUTO(recipes_freep) struct recipes *recipes = recipes_new(NULL, NULL, NULL);
    static const unsigned ids[] = {45, 47, 48, 51, 52, 56, 59, 60, 61, 62, 64, 65,
                                   67, 69, 73, 74, 75, 76, 77, 78, 79, 81, 91, 103};
    size_t count;
    const struct recipe *const *all = recipes_all(recipes, &count);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        size_t found = 0;
        for (size_t k = 0; k < count; k++) {
            bool is = recipe_is_judge0(all[k], false, ids[i]);
            found += is;
            if (is && all[k]->commands.compile == NULL) {
                fail_msg("%s does not compile %u", all[k]->id, ids[i]);
            }
        }
        assert_true(found > 0);
    }
}

static void test_remedy_names_the_recipe(void **state)
{
    (void)state;
    struct runtimes r = {.known = true};
    struct seen s = look(&r, FLAVOUR_CE, 72);
    assert_string_equal(s.remedy, "install it with 'belljar pkg install ruby/3.1'");
    assert_string_equal(look(&r, FLAVOUR_CE, 90).remedy, "no recipe has it");
    runtimes_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_look_waits_until_all_versions_are_known),
        cmocka_unit_test(test_look_that_was_cancelled_is_not_told),
        cmocka_unit_test(test_look_when_a_version_is_forgotten_again_waits_on),
        cmocka_unit_test(test_second_look_asks_for_nothing),
        cmocka_unit_test(test_look_after_a_change_sees_it),
        cmocka_unit_test(test_set_is_valid_until_its_callback_returns),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_names_have_the_version_that_is_installed),
        cmocka_unit_test(test_python_two_is_not_python_three),
        cmocka_unit_test(test_compiled_are_those_with_a_compile_stage_but_not_scripts),
        cmocka_unit_test(test_flavours_have_their_own_ids),
        cmocka_unit_test(test_ids_of_ce_are_1_to_113),
        cmocka_unit_test(test_ids_of_extra_are_1_to_33_and_89),
        cmocka_unit_test(test_every_id_of_a_recipe_can_run_and_its_file_fits),
        cmocka_unit_test(test_names_begin_with_their_labels),
        cmocka_unit_test(test_wanted_version_is_that_of_the_name),
        cmocka_unit_test(test_archived_language_looks_for_nothing),
        cmocka_unit_test(test_remedy_names_the_recipe),
        cmocka_unit_test(test_what_judge0_compiles_has_a_compile_stage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
