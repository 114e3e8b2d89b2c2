/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/mem.h"
#include "keys/keys.h"

struct fixture {
    char folder[32];
    int fd;
    struct loop *loop;
    struct keys *keys;
};

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    struct err e = {0};
    memcpy(f->folder, "/tmp/belljar-keys-XXXXXX", sizeof("/tmp/belljar-keys-XXXXXX"));
    assert_non_null(mkdtemp(f->folder));
    f->fd = open(f->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(loop_new(&f->loop, &e), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    keys_free(f->keys);
    loop_free(f->loop);
    (void)unlinkat(f->fd, KEYS_FILE, 0);
    fd_close(f->fd);
    assert_int_equal(rmdir(f->folder), 0); /* nothing else is left in it */
    free(f);
    return 0;
}

static int add(struct fixture *f, const char *name, char secret[KEY_SECRET_MAX], struct err *e)
{
    struct key key = {.scopes = SCOPE_RUN, .limits = {.rate = 2.5, .running = 3}};
    snprintf(key.name, sizeof(key.name), "%s", name);
    key.limits.run.wall_ms = 1234;
    return keys_add(f->fd, &key, secret, e);
}

static void add_well(struct fixture *f, const char *name, char secret[KEY_SECRET_MAX])
{
    struct err e = {0};
    if (add(f, name, secret, &e) < 0) {
        fail_msg("%s", e.text);
    }
}

static void open_keys(struct fixture *f)
{
    struct err e = {0};
    if (keys_open(f->loop, f->fd, NULL, &f->keys, &e) < 0) {
        fail_msg("%s", e.text);
    }
}

/* What was written is heard of without a timer. */
static void hear(struct fixture *f)
{
    struct err e = {0};
    assert_int_equal(loop_step(f->loop, UINT64_MAX, &e), 0);
}

static void put(struct fixture *f, const char *text)
{
    AUTO(fd_closep)
    int fd = openat(f->fd, KEYS_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct err e = {0};
    assert_int_equal(fd_write_all(fd, text, strlen(text), &e), 0);
}

static void test_no_file_needs_no_key(void **state)
{
    struct fixture *f = *state;
    open_keys(f);
    assert_false(keys_needed(f->keys));
    assert_null(keys_find(f->keys, ""));
}

static void test_key_is_found_by_its_secret_alone(void **state)
{
    struct fixture *f = *state;
    char one[KEY_SECRET_MAX], two[KEY_SECRET_MAX];
    add_well(f, "one", one);
    add_well(f, "two", two);
    open_keys(f);
    assert_true(keys_needed(f->keys));
    assert_string_equal(keys_find(f->keys, one)->name, "one");
    const struct key *key = keys_find(f->keys, two);
    assert_string_equal(key->name, "two");
    assert_int_equal(key->scopes, SCOPE_RUN);
    assert_true(key->limits.rate > 2.4 && key->limits.rate < 2.6);
    assert_int_equal(key->limits.running, 3);
    assert_int_equal(key->limits.run.wall_ms, 1234);
    assert_null(keys_find(f->keys, ""));
    assert_null(keys_find(f->keys, "two"));
    two[10] = two[10] == 'x' ? 'y' : 'x';
    assert_null(keys_find(f->keys, two));
    assert_ptr_equal(keys_by_name(f->keys, "two"), key);
    assert_null(keys_by_name(f->keys, "three"));
}

static void test_secrets_are_long_and_not_in_the_file(void **state)
{
    struct fixture *f = *state;
    char one[KEY_SECRET_MAX], two[KEY_SECRET_MAX];
    add_well(f, "one", one);
    add_well(f, "two", two);
    assert_int_equal(strlen(one), 3 + 43); /* 32 bytes in base64 */
    assert_string_not_equal(one, two);
    AUTO(fd_closep) int fd = openat(f->fd, KEYS_FILE, O_RDONLY | O_CLOEXEC);
    AUTO(buf_done) struct buf text = {0};
    struct err e = {0};
    struct stat st;
    assert_int_equal(fd_read_all(fd, 100000, &text, &e), 0);
    assert_null(strstr(text.data, one + 3));
    assert_null(strstr(text.data, one));
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_changes_are_heard_of(void **state)
{
    struct fixture *f = *state;
    char one[KEY_SECRET_MAX];
    struct err e = {0};
    open_keys(f);
    add_well(f, "one", one);
    hear(f);
    assert_true(keys_needed(f->keys));
    assert_non_null(keys_find(f->keys, one));
    assert_int_equal(keys_revoke(f->fd, "one", &e), 0);
    hear(f);
    assert_null(keys_find(f->keys, one));
    assert_true(keys_needed(f->keys)); /* all revoked: closed */
    assert_int_equal(keys_revoke(f->fd, "one", &e), -ERR_NOT_FOUND);
    assert_int_equal(keys_revoke(f->fd, "two", &e), -ERR_NOT_FOUND);
}

static void test_all_revoked_needs_a_key_from_the_start(void **state)
{
    struct fixture *f = *state;
    char one[KEY_SECRET_MAX];
    struct err e = {0};
    add_well(f, "one", one);
    assert_int_equal(keys_revoke(f->fd, "one", &e), 0);
    open_keys(f);
    assert_true(keys_needed(f->keys));
    assert_null(keys_find(f->keys, one));
}

static void test_a_revoked_name_may_have_another_key(void **state)
{
    struct fixture *f = *state;
    char old[KEY_SECRET_MAX], fresh[KEY_SECRET_MAX];
    struct err e = {0};
    add_well(f, "one", old);
    assert_int_equal(add(f, "one", fresh, &e), -ERR_INVALID);
    assert_int_equal(keys_revoke(f->fd, "one", &e), 0);
    add_well(f, "one", fresh);
    open_keys(f);
    assert_null(keys_find(f->keys, old));
    assert_string_equal(keys_find(f->keys, fresh)->name, "one");
}

static void test_bad_names_are_refused(void **state)
{
    static const char *const bad[] = {"", "a b", "a/b", "key:x", "\xc3\xa9"};
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char secret[KEY_SECRET_MAX];
        struct err e = {0};
        assert_int_equal(add(f, bad[i], secret, &e), -ERR_INVALID);
    }
}

static void test_a_damaged_file_stops_the_start(void **state)
{
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "{\"keys\":{}}",
        "{\"keys\":[1]}",
        "{\"keys\":[{\"name\":\"a\"}]}",
        "{\"keys\":[{\"name\":\"a\",\"sha256\":\"00\"}]}",
        "{\"keys\":[{\"name\":\"a b\"}]}",
        "{\"keys\":[{\"name\":\"a\",\"scopes\":[\"all\"]}]}",
        "{\"keys\":[{\"name\":\"a\",\"run\":{\"wall_mss\":1}}]}",
        "{\"keys\":[{\"name\":\"a\",\"rate\":-1}]}",
        "{\"keys\":[{\"name\":\"a\",\"what\":1}]}",
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err e = {0};
        put(f, bad[i]);
        int r = keys_open(f->loop, f->fd, NULL, &f->keys, &e);
        if (r != -ERR_INVALID || strstr(e.text, KEYS_FILE) == NULL) {
            fail_msg("%s: %d %s", bad[i], r, e.text);
        }
    }
}

static void test_later_damage_leaves_the_keys_of_before(void **state)
{
    struct fixture *f = *state;
    char one[KEY_SECRET_MAX];
    add_well(f, "one", one);
    open_keys(f);
    put(f, "{");
    hear(f);
    assert_non_null(keys_find(f->keys, one));
    assert_int_equal(unlinkat(f->fd, KEYS_FILE, 0), 0);
    hear(f);
    assert_non_null(keys_find(f->keys, one));
    put(f, "{\"keys\":[]}");
    hear(f);
    assert_null(keys_find(f->keys, one));
    assert_true(keys_needed(f->keys));
}

static void test_links_are_not_followed(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    assert_int_equal(symlinkat("/dev/zero", f->fd, KEYS_FILE), 0);
    assert_true(keys_open(f->loop, f->fd, NULL, &f->keys, &e) < 0);
}

static void test_list_tells_all(void **state)
{
    struct fixture *f = *state;
    char one[KEY_SECRET_MAX];
    struct key *all = NULL;
    size_t count = 1;
    struct err e = {0};
    assert_int_equal(keys_list(f->fd, &all, &count, &e), 0);
    assert_int_equal(count, 0);
    free(all);
    add_well(f, "one", one);
    add_well(f, "two", one);
    assert_int_equal(keys_revoke(f->fd, "one", &e), 0);
    assert_int_equal(keys_list(f->fd, &all, &count, &e), 0);
    assert_int_equal(count, 2);
    assert_true(all[0].revoked_s >= all[0].created_s && all[0].created_s > 0);
    assert_int_equal(all[1].revoked_s, 0);
    free(all);
}

static void test_scopes_have_names(void **state)
{
    (void)state;
    assert_int_equal(key_scope_parse("admin"), SCOPE_ADMIN);
    assert_int_equal(key_scope_parse("Admin"), 0);
    assert_string_equal(key_scope_name(SCOPE_READ), "read");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_no_file_needs_no_key),
        TEST(test_key_is_found_by_its_secret_alone),
        TEST(test_secrets_are_long_and_not_in_the_file),
        TEST(test_changes_are_heard_of),
        TEST(test_all_revoked_needs_a_key_from_the_start),
        TEST(test_a_revoked_name_may_have_another_key),
        TEST(test_bad_names_are_refused),
        TEST(test_a_damaged_file_stops_the_start),
        TEST(test_later_damage_leaves_the_keys_of_before),
        TEST(test_links_are_not_followed),
        TEST(test_list_tells_all),
        cmocka_unit_test(test_scopes_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
