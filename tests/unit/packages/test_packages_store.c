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
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "bench.h"
#include "packages/manifest.h"

static void path_of(const struct bench *b, char ret[64])
{
    snprintf(ret, 64, "%s/packages", b->dir);
}

static struct package_store *open_again(const struct bench *b, bool write)
{
    char path[64];
    struct package_store *s = NULL;
    struct err e = {0};
    path_of(b, path);
    assert_done(package_store_open(path, write, &s, &e), e);
    return s;
}

static void check_text(const struct err *e, const char *part)
{
    if (!strstr(e->text, part)) {
        fail_msg("'%s' is not in '%s'", part, e->text);
    }
}

static unsigned collect(struct bench *b, uint64_t *ret_bytes)
{
    struct err e = {0};
    unsigned left = 0;
    assert_done(store_collect(b->store, false, ret_bytes, &left, &e), e);
    return left;
}

/* --- opening ---------------------------------------------------------------------------------- */

static void test_a_reader_needs_a_store_that_is_there(void **state)
{
    struct bench *b = *state;
    char path[80];
    struct package_store *s = NULL;
    struct err e = {0};
    snprintf(path, sizeof(path), "%s/none", b->dir);
    assert_int_equal(package_store_open(path, false, &s, &e), -ERR_NOT_FOUND);
    assert_null(s);
}

static void test_a_store_that_others_may_change_is_refused(void **state)
{
    struct bench *b = *state;
    char path[64];
    struct package_store *s = NULL;
    struct err e = {0};
    path_of(b, path);
    assert_int_equal(chmod(path, 0777), 0);
    assert_int_equal(package_store_open(path, true, &s, &e), -ERR_DENIED);
    check_text(&e, "chmod go-w");
    assert_int_equal(chmod(path, 0755), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 1234, 1234), 0);
        assert_int_equal(package_store_open(path, true, &s, &e), -ERR_DENIED);
        check_text(&e, "belongs to user 1234");
        assert_int_equal(chown(path, 0, 0), 0);
    }
}

static void test_a_server_of_another_user_can_read_a_new_store(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    struct stat st;
    char path[80];
    AUTO(package_store_closep) struct package_store *s = NULL;
    snprintf(path, sizeof(path), "%s/packages/cache/x", b->dir);
    mode_t before = umask(077);
    int r = package_store_open(path, true, &s, &e);
    umask(before);
    assert_done(r, e);
    const char *const read[] = {".", "layers", "digests", "runtimes"};
    for (size_t i = 0; i < ARRAY_LEN(read); i++) {
        assert_int_equal(fstatat(store_fd(s), read[i], &st, 0), 0);
        assert_int_equal(st.st_mode, S_IFDIR | 0755);
    }
}

static void test_readers_cannot_change_anything(void **state)
{
    struct package_store *s = open_again(*state, false);
    struct stage st;
    struct err e = {0};
    assert_int_equal(store_stage(s, &st, &e), -ERR_BUG);
    package_store_close(s);
}

static void test_a_store_without_anything_lists_nothing(void **state)
{
    struct bench *b = *state;
    AUTO(package_store_closep) struct package_store *s = NULL;
    struct manifest **all = NULL;
    struct err e = {0};
    char path[80];
    snprintf(path, sizeof(path), "%s/empty", b->dir);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_done(package_store_open(path, false, &s, &e), e);
    assert_int_equal(package_store_list(s, &all, NULL, NULL), 0);
    free(all);
    assert_int_equal(rmdir(path), 0);
}

/* --- layers ----------------------------------------------------------------------------------- */

static void test_ids_grow_and_are_never_given_twice(void **state)
{
    struct bench *b = *state;
    uint64_t bytes = 0;
    assert_int_equal(layer_make(b, "one"), STORE_LAYER_FIRST);
    assert_int_equal(layer_make(b, "two"), STORE_LAYER_FIRST + 1);
    assert_int_equal(collect(b, &bytes), 0);
    assert_int_equal(count_in(b, "layers"), 0);
    bench_open(b);
    assert_int_equal(layer_make(b, "one"), STORE_LAYER_FIRST + 2);
}

static void test_a_lost_counter_goes_on_behind_what_is_there(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    uint32_t id = layer_make(b, "one");
    assert_done(runtime_put(b, "a/1", &id, 1, 1, &e), e);
    assert_int_equal(unlinkat(store_fd(b->store), "next", 0), 0);
    assert_int_equal(layer_make(b, "two"), id + 1);
}

static void test_equal_trees_are_one_layer(void **state)
{
    struct bench *b = *state;
    uint32_t id = layer_make(b, "same");
    assert_int_equal(layer_make(b, "same"), id);
    assert_int_equal(count_in(b, "layers"), 1);
    assert_int_equal(count_in(b, "stage"), 0);
}

static void test_a_layer_says_what_it_is(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    struct stage st;
    struct layer made, said;
    stage_make(b, "text", &st);
    assert_done(store_commit(&st, &made, &e), e);
    stage_done(&st);
    assert_done(store_layer(b->store, made.id, &said, &e), e);
    assert_string_equal(said.digest, made.digest);
    assert_int_equal(said.inodes, 3);
    assert_true(said.bytes >= 4096 && said.bytes == made.bytes);
    assert_int_equal(store_layer(b->store, 4000, &said, &e), -ERR_NOT_FOUND);
}

static void test_verify_finds_what_was_changed(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    char path[64];
    uint32_t id = layer_make(b, "text");
    assert_done(store_verify(b->store, id, &e), e);

    snprintf(path, sizeof(path), "layers/%u/usr", id);
    assert_int_equal(fchmodat(store_fd(b->store), path, 0700, 0), 0);
    assert_int_equal(store_verify(b->store, id, &e), -ERR_INVALID);
    assert_int_equal(fchmodat(store_fd(b->store), path, 0755, 0), 0);
    assert_done(store_verify(b->store, id, &e), e);

    snprintf(path, sizeof(path), "layers/%u/usr/text", id);
    put_file(store_fd(b->store), path, "tent", 0644);
    assert_int_equal(store_verify(b->store, id, &e), -ERR_INVALID);
    check_text(&e, "is not what was installed");
}

/* --- runtimes --------------------------------------------------------------------------------- */

static void test_a_runtime_is_got_as_it_was_put(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    struct manifest *m = NULL;
    uint32_t id = layer_make(b, "one");
    assert_done(runtime_put(b, "ruby/3.1", &id, 1, 1, &e), e);
    assert_done(package_store_get(b->store, "ruby/3.1", &m, &e), e);
    assert_int_equal(m->layers[0], id);
    manifest_free(m);
    assert_true(is_there(b, "runtimes/ruby@3.1/manifest.toml"));
    assert_int_equal(package_store_get(b->store, "ruby/3.2", &m, &e), -ERR_NOT_FOUND);
    check_text(&e, "'ruby/3.2' is not installed");
    assert_int_equal(count_in(b, "stage"), 0);
}

static void test_a_runtime_takes_the_place_of_the_one_before(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    struct manifest *m = NULL;
    uint32_t ids[] = {layer_make(b, "one"), layer_make(b, "two")};
    assert_done(runtime_put(b, "a/1", &ids[0], 1, 1, &e), e);
    assert_done(runtime_put(b, "a/1", &ids[1], 1, 1, &e), e);
    assert_done(package_store_get(b->store, "a/1", &m, &e), e);
    assert_int_equal(m->layers[0], ids[1]);
    manifest_free(m);
    assert_int_equal(count_in(b, "runtimes"), 1);
    assert_int_equal(count_in(b, "stage"), 0);
}

static void test_ids_that_lead_elsewhere_are_refused(void **state)
{
    static const char *const bad[] = {"",     "/a", "a/",  "a//b", "..",  "../x",    "a/..",
                                      "a/.b", ".a", "a@b", "a b",  "a\n", "\xc3\xa4"};
    struct bench *b = *state;
    struct err e = {0};
    struct manifest *m = NULL;
    int fd = -1;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(package_store_get(b->store, bad[i], &m, &e), -ERR_INVALID);
        assert_int_equal(store_remove(b->store, bad[i], &e), -ERR_INVALID);
        assert_int_equal(store_lock_recipe(b->store, bad[i], false, &fd, &e), -ERR_INVALID);
    }
}

static void test_a_runtime_of_a_removed_layer_is_refused(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    uint64_t bytes = 0;
    uint32_t id = layer_make(b, "one");
    assert_int_equal(collect(b, &bytes), 0);
    assert_int_equal(runtime_put(b, "a/1", &id, 1, 1, &e), -ERR_NOT_FOUND);
    check_text(&e, "needs layer 1000, which was removed");
    assert_int_equal(count_in(b, "runtimes"), 0);
}

struct said {
    unsigned count;
    struct err last;
};

static void on_say(void *ctx, const struct err *e)
{
    struct said *said = ctx;
    said->count++;
    said->last = *e;
}

static void list_free(struct manifest **all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        manifest_free(all[i]);
    }
    free(all);
}

static void test_the_list_is_sorted_and_goes_on_behind_a_broken_one(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    struct manifest **all = NULL;
    struct said said = {0};
    uint32_t id = layer_make(b, "one");
    const char *const ids[] = {"b/2", "a/1", "a-b/1", "c/1"};
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        assert_done(runtime_put(b, ids[i], &id, 1, 1, &e), e);
    }
    put_file(store_fd(b->store), "runtimes/b@2/manifest.toml", "id = ", 0644);
    put_dir(store_fd(b->store), "runtimes/.hidden");
    assert_int_equal(package_store_list(b->store, &all, on_say, &said), 3);
    assert_string_equal(all[0]->id, "a-b/1");
    assert_string_equal(all[1]->id, "a/1");
    assert_string_equal(all[2]->id, "c/1");
    assert_int_equal(said.count, 1);
    check_text(&said.last, "runtimes/b@2/manifest.toml:1");
    list_free(all, 3);
}

static void test_a_manifest_under_another_name_is_refused(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    struct manifest *m = NULL;
    uint32_t id = layer_make(b, "one");
    assert_done(runtime_put(b, "a/1", &id, 1, 1, &e), e);
    assert_int_equal(
        renameat(store_fd(b->store), "runtimes/a@1", store_fd(b->store), "runtimes/b@1"), 0);
    assert_int_equal(package_store_get(b->store, "b/1", &m, &e), -ERR_INVALID);
    check_text(&e, "this is 'a/1'");
}

static void test_remove_says_who_stands_on_it(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    uint32_t part = layer_make(b, "part"), own = layer_make(b, "own");
    const uint32_t both[] = {own, part};
    assert_done(runtime_put(b, "part/x", &part, 1, 1, &e), e);
    assert_done(runtime_put(b, "a/1", both, 2, 1, &e), e);
    assert_int_equal(store_remove(b->store, "part/x", &e), -ERR_BUSY);
    check_text(&e, "'part/x' is needed by 'a/1'");
    assert_done(store_remove(b->store, "a/1", &e), e);
    assert_done(store_remove(b->store, "part/x", &e), e);
    assert_int_equal(store_remove(b->store, "part/x", &e), -ERR_NOT_FOUND);
    assert_int_equal(count_in(b, "runtimes"), 0);
    assert_int_equal(count_in(b, "stage"), 0);
}

static void test_two_with_an_equal_layer_can_each_be_removed(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    uint64_t bytes = 0;
    uint32_t id = layer_make(b, "same");
    assert_done(runtime_put(b, "a/1", &id, 1, 1, &e), e);
    assert_done(runtime_put(b, "b/1", &id, 1, 1, &e), e);
    assert_done(store_remove(b->store, "a/1", &e), e);
    assert_int_equal(collect(b, &bytes), 0);
    assert_int_equal(bytes, 0);
    assert_int_equal(count_in(b, "layers"), 1);
}

static void test_a_broken_one_can_be_removed_and_replaced(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    uint32_t id = layer_make(b, "one");
    assert_done(runtime_put(b, "a/1", &id, 1, 1, &e), e);
    put_file(store_fd(b->store), "runtimes/a@1/manifest.toml", "?", 0644);
    assert_done(runtime_put(b, "a/1", &id, 1, 1, &e), e);
    put_file(store_fd(b->store), "runtimes/a@1/manifest.toml", "?", 0644);
    assert_done(store_remove(b->store, "a/1", &e), e);
}

static void test_who_watches_runtimes_hears_of_all(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    char path[80];
    uint32_t id = layer_make(b, "one");
    AUTO(fd_closep) int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    snprintf(path, sizeof(path), "%s/packages/runtimes", b->dir);
    assert_true(inotify_add_watch(watch, path, IN_MOVED_TO | IN_MOVED_FROM) >= 0);
    char heard[512];
    assert_done(runtime_put(b, "a/1", &id, 1, 1, &e), e);
    assert_true(read(watch, heard, sizeof(heard)) > 0);
    assert_done(runtime_put(b, "a/1", &id, 1, 1, &e), e);
    assert_true(read(watch, heard, sizeof(heard)) > 0);
    assert_done(store_remove(b->store, "a/1", &e), e);
    assert_true(read(watch, heard, sizeof(heard)) > 0);
}

/* --- what is in use --------------------------------------------------------------------------- */

static void test_collect_leaves_what_is_named_or_held(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    uint64_t bytes = 0;
    uint32_t named = layer_make(b, "named"), held = layer_make(b, "held");
    uint32_t unused = layer_make(b, "unused");
    int fd = -1;
    assert_done(runtime_put(b, "a/1", &named, 1, 1, &e), e);
    assert_done(store_hold(store_fd(b->store), &held, 1, &fd, &e), e);
    assert_int_equal(collect(b, &bytes), 1);
    struct layer layer;
    assert_true(bytes > 0);
    assert_done(store_layer(b->store, named, &layer, &e), e);
    assert_done(store_layer(b->store, held, &layer, &e), e);
    assert_int_equal(store_layer(b->store, unused, &layer, &e), -ERR_NOT_FOUND);
    fd_close(fd);
    assert_int_equal(collect(b, &bytes), 0);
    assert_int_equal(count_in(b, "layers"), 1);
    assert_int_equal(count_in(b, "digests"), 1);
    assert_int_equal(count_in(b, "stage"), 0);
}

static void test_collect_removes_nothing_beside_a_broken_manifest(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    uint64_t bytes = 0;
    unsigned left = 0;
    uint32_t id = layer_make(b, "one");
    assert_done(runtime_put(b, "a/1", &id, 1, 1, &e), e);
    layer_make(b, "two");
    put_file(store_fd(b->store), "runtimes/a@1/manifest.toml", "?", 0644);
    assert_int_equal(store_collect(b->store, false, &bytes, &left, &e), -ERR_INVALID);
    check_text(&e, "runtimes/a@1/manifest.toml");
    assert_int_equal(count_in(b, "layers"), 2);
}

static void test_a_committed_layer_is_safe_until_it_is_put(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    uint64_t bytes = 0;
    unsigned left = 0;
    uint32_t id = layer_make(b, "one");
    struct package_store *other = open_again(b, true);
    assert_done(store_collect(other, false, &bytes, &left, &e), e);
    assert_int_equal(left, 1);
    assert_done(runtime_put(b, "a/1", &id, 1, 1, &e), e);
    assert_done(store_remove(other, "a/1", &e), e);
    assert_done(store_collect(other, false, &bytes, &left, &e), e);
    assert_int_equal(left, 0);
    package_store_close(other);
}

/* An installation that fails ends so. */
static void test_what_was_committed_and_not_named_goes_with_its_store(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    uint32_t named = layer_make(b, "named");
    assert_done(runtime_put(b, "a/1", &named, 1, 1, &e), e);
    struct package_store *other = open_again(b, true);
    struct bench failing = {.store = other};
    layer_make(&failing, "of no use");
    assert_int_equal(layer_make(&failing, "named"), named);
    package_store_close(other);
    struct layer layer;
    assert_done(store_layer(b->store, named, &layer, &e), e);
    assert_int_equal(count_in(b, "layers"), 1);
    assert_int_equal(count_in(b, "digests"), 1);
    assert_int_equal(count_in(b, "stage"), 0);
}

static void test_what_another_has_committed_too_stays(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    uint32_t id = layer_make(b, "same"), foreign = layer_make(b, "another's");
    struct package_store *other = open_again(b, true);
    struct bench failing = {.store = other};
    assert_int_equal(layer_make(&failing, "same"), id);
    package_store_close(other);
    const uint32_t both[] = {id, foreign};
    assert_done(runtime_put(b, "a/1", both, 2, 2, &e), e);
}

static void test_collect_waits_for_the_last_user(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    int fd = -1, ready[2];
    uint32_t id = layer_make(b, "one");
    assert_done(store_hold(store_fd(b->store), &id, 1, &fd, &e), e);
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        uint64_t bytes = 0;
        unsigned left = 0;
        fd_close(fd); /* the same locks as the parent's */
        package_store_close(b->store);
        struct package_store *s = open_again(b, true);
        fd_close(ready[0]);
        fd_close(ready[1]);
        int r = store_collect(s, true, &bytes, &left, &e);
        _exit(r == 0 && left == 0 && bytes > 0 ? 0 : 1);
    }
    package_store_close(TAKE(&b->store, NULL)); /* what it has committed it holds too */
    fd_close(ready[1]);
    char c;
    assert_int_equal(read(ready[0], &c, 1), 0); /* it is about to wait */
    fd_close(ready[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, WNOHANG), 0);
    fd_close(fd);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    bench_open(b);
    assert_int_equal(count_in(b, "layers"), 0);
}

static void test_hold_says_what_is_gone(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    int fds[2] = {-1, -1};
    const uint32_t ids[] = {layer_make(b, "one"), 4000};
    assert_int_equal(store_hold(store_fd(b->store), ids, 2, fds, &e), -ERR_NOT_FOUND);
    check_text(&e, "layer 4000");
    assert_int_equal(fds[0], -1);
    uint64_t bytes = 0;
    assert_int_equal(collect(b, &bytes), 0); /* the first one was let go */
}

static void test_one_recipe_is_installed_by_one_at_a_time(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    int first = -1, second = -1;
    assert_done(store_lock_recipe(b->store, "a/1", true, &first, &e), e);
    assert_int_equal(store_lock_recipe(b->store, "a/1", false, &second, &e), -ERR_BUSY);
    assert_done(store_lock_recipe(b->store, "a/2", false, &second, &e), e);
    fd_close(first);
    assert_done(store_lock_recipe(b->store, "a/1", false, &first, &e), e);
    fd_close(first);
    fd_close(second);
}

/* --- what is left ----------------------------------------------------------------------------- */

static void test_opening_removes_stages_of_the_dead_only(void **state)
{
    struct bench *b = *state;
    struct stage alive, dead;
    stage_make(b, "alive", &alive);
    stage_make(b, "dead", &dead);
    assert_int_equal(flock(dead.fd, LOCK_UN), 0);
    put_file(store_fd(b->store), "stage/junk", "x", 0600);
    package_store_close(open_again(b, true));
    assert_int_equal(count_in(b, "stage"), 1);
    struct layer layer;
    struct err e = {0};
    assert_done(store_commit(&alive, &layer, &e), e);
    stage_done(&alive);
    stage_done(&dead);
}

static void test_opening_removes_layers_that_nobody_knows(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    char digest[96];
    struct layer layer;
    uint32_t named = layer_make(b, "named"), unknown = layer_make(b, "unknown");
    assert_done(runtime_put(b, "a/1", &named, 1, 1, &e), e);
    const uint32_t both[] = {named, unknown};
    for (size_t i = 0; i < 2; i++) {
        assert_done(store_layer(b->store, both[i], &layer, &e), e);
        snprintf(digest, sizeof(digest), "digests/%s", layer.digest);
        assert_int_equal(unlinkat(store_fd(b->store), digest, 0), 0);
    }
    bench_open(b);
    assert_true(is_there(b, "layers/1000")); /* one that a runtime needs is left in any case */
    assert_false(is_there(b, "layers/1001"));
}

static void test_opening_removes_digests_without_layer(void **state)
{
    struct bench *b = *state;
    layer_make(b, "one");
    assert_int_equal(renameat(store_fd(b->store), "layers/1000", b->dir_fd, "elsewhere"), 0);
    bench_open(b);
    assert_int_equal(count_in(b, "digests"), 0);
    assert_int_equal(renameat(b->dir_fd, "elsewhere", store_fd(b->store), "layers/1000"), 0);
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(test_a_reader_needs_a_store_that_is_there),
        IN_STORE(test_a_store_that_others_may_change_is_refused),
        IN_STORE(test_a_server_of_another_user_can_read_a_new_store),
        IN_STORE(test_readers_cannot_change_anything),
        IN_STORE(test_a_store_without_anything_lists_nothing),
        IN_STORE(test_ids_grow_and_are_never_given_twice),
        IN_STORE(test_a_lost_counter_goes_on_behind_what_is_there),
        IN_STORE(test_equal_trees_are_one_layer),
        IN_STORE(test_a_layer_says_what_it_is),
        IN_STORE(test_verify_finds_what_was_changed),
        IN_STORE(test_a_runtime_is_got_as_it_was_put),
        IN_STORE(test_a_runtime_takes_the_place_of_the_one_before),
        IN_STORE(test_ids_that_lead_elsewhere_are_refused),
        IN_STORE(test_a_runtime_of_a_removed_layer_is_refused),
        IN_STORE(test_the_list_is_sorted_and_goes_on_behind_a_broken_one),
        IN_STORE(test_a_manifest_under_another_name_is_refused),
        IN_STORE(test_remove_says_who_stands_on_it),
        IN_STORE(test_two_with_an_equal_layer_can_each_be_removed),
        IN_STORE(test_a_broken_one_can_be_removed_and_replaced),
        IN_STORE(test_who_watches_runtimes_hears_of_all),
        IN_STORE(test_collect_leaves_what_is_named_or_held),
        IN_STORE(test_collect_removes_nothing_beside_a_broken_manifest),
        IN_STORE(test_a_committed_layer_is_safe_until_it_is_put),
        IN_STORE(test_what_was_committed_and_not_named_goes_with_its_store),
        IN_STORE(test_what_another_has_committed_too_stays),
        IN_STORE(test_collect_waits_for_the_last_user),
        IN_STORE(test_hold_says_what_is_gone),
        IN_STORE(test_one_recipe_is_installed_by_one_at_a_time),
        IN_STORE(test_opening_removes_stages_of_the_dead_only),
        IN_STORE(test_opening_removes_layers_that_nobody_knows),
        IN_STORE(test_opening_removes_digests_without_layer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
