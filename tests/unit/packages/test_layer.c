/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "bench.h"
#include "packages/layer_clear.h"
#include "packages/layer_record.h"
#include "packages/layer_stream.h"
#include "packages/layer_walk.h"

/* A stage to be filled, and what comes of it. */
struct made {
    struct stage st;
    struct layer layer;
    struct err e;
    int fd; /* of the layer */
};

static void begin(struct bench *b, struct made *m)
{
    *m = (struct made){.fd = -1};
    assert_done(store_stage(b->store, &m->st, &m->e), m->e);
}

static void commit(struct bench *b, struct made *m)
{
    char path[32];
    assert_done(store_commit(&m->st, &m->layer, &m->e), m->e);
    snprintf(path, sizeof(path), "layers/%u", m->layer.id);
    m->fd = openat(store_fd(b->store), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(m->fd >= 0);
}

static void end(struct made *m)
{
    stage_done(&m->st);
    fd_close(m->fd);
}

static struct stat look(const struct made *m, const char *path)
{
    struct stat st;
    assert_int_equal(fstatat(m->fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
    return st;
}

static void check_refused(struct made *m, int kind, const char *part)
{
    assert_int_equal(store_commit(&m->st, &m->layer, &m->e), kind);
    if (!strstr(m->e.text, part)) {
        fail_msg("'%s' is not in '%s'", part, m->e.text);
    }
}

static void need_root(void)
{
    if (geteuid() != 0) {
        print_message("only root can make such a tree\n");
        skip();
    }
}

/* --- what a layer is -------------------------------------------------------------------------- */

static void test_modes_owner_and_times_are_made_plain(void **state)
{
    struct made m;
    begin(*state, &m);
    put_dir(m.st.tree_fd, "usr");
    put_file(m.st.tree_fd, "usr/private", "1", 0600);
    put_file(m.st.tree_fd, "usr/program", "2", 06711);
    put_file(m.st.tree_fd, "usr/none", "3", 0);
    put_link(m.st.tree_fd, "usr/link", "program");
    assert_int_equal(fchmodat(m.st.tree_fd, "usr", 01700, 0), 0);
    commit(*state, &m);

    assert_int_equal(look(&m, "usr").st_mode, S_IFDIR | 0755);
    assert_int_equal(look(&m, "usr/private").st_mode, S_IFREG | 0644);
    assert_int_equal(look(&m, "usr/program").st_mode, S_IFREG | 0755);
    assert_int_equal(look(&m, "usr/none").st_mode, S_IFREG | 0644);
    const char *const all[] = {".", "usr", "usr/private", "usr/program", "usr/none", "usr/link"};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        assert_int_equal(look(&m, all[i]).st_mtime, STORE_LAYER_TIME);
        assert_int_equal(look(&m, all[i]).st_uid, geteuid());
    }
    end(&m);
}

static void test_files_of_others_become_ours(void **state)
{
    need_root();
    struct made m;
    begin(*state, &m);
    put_file(m.st.tree_fd, "file", "1", 0600);
    put_link(m.st.tree_fd, "link", "/etc/passwd");
    assert_int_equal(fchownat(m.st.tree_fd, "file", 1234, 1234, 0), 0);
    assert_int_equal(fchownat(m.st.tree_fd, "link", 1234, 1234, AT_SYMLINK_NOFOLLOW), 0);
    struct stat before, after;
    assert_int_equal(stat("/etc/passwd", &before), 0);
    commit(*state, &m);

    assert_int_equal(look(&m, "file").st_uid, 0);
    assert_int_equal(look(&m, "file").st_gid, 0);
    assert_int_equal(look(&m, "link").st_uid, 0);
    assert_int_equal(stat("/etc/passwd", &after), 0);
    assert_int_equal(before.st_mtime, after.st_mtime);
    assert_int_equal(before.st_ctime, after.st_ctime);
    end(&m);
}

static void test_what_a_box_has_of_its_own_is_left_out(void **state)
{
    struct made m;
    begin(*state, &m);
    const char *const own[] = {"dev", "proc", "sys", "box", "tmp", "run"};
    for (size_t i = 0; i < ARRAY_LEN(own); i++) {
        char path[32];
        put_dir(m.st.tree_fd, own[i]);
        snprintf(path, sizeof(path), "%s/file", own[i]);
        put_file(m.st.tree_fd, path, "x", 0644);
    }
    assert_int_equal(mkfifoat(m.st.tree_fd, "run/fifo", 0600), 0);
    put_dir(m.st.tree_fd, "var");
    put_dir(m.st.tree_fd, "var/tmp");
    commit(*state, &m);

    for (size_t i = 0; i < ARRAY_LEN(own); i++) {
        assert_int_equal(faccessat(m.fd, own[i], F_OK, AT_SYMLINK_NOFOLLOW), -1);
    }
    assert_int_equal(look(&m, "var/tmp").st_mode, S_IFDIR | 0755);
    end(&m);
}

static void test_hard_links_stay_what_they_are(void **state)
{
    struct made m;
    begin(*state, &m);
    put_file(m.st.tree_fd, "a", "same", 0644);
    assert_int_equal(linkat(m.st.tree_fd, "a", m.st.tree_fd, "b", 0), 0);
    commit(*state, &m);

    assert_int_equal(look(&m, "a").st_ino, look(&m, "b").st_ino);
    assert_int_equal(m.layer.inodes, 2); /* with the top */
    end(&m);

    begin(*state, &m);
    put_file(m.st.tree_fd, "a", "same", 0644);
    put_file(m.st.tree_fd, "b", "same", 0644);
    struct layer linked = m.layer;
    commit(*state, &m);
    assert_string_not_equal(linked.digest, m.layer.digest);
    end(&m);
}

static void test_whiteouts_are_kept(void **state)
{
    struct made m;
    begin(*state, &m);
    assert_int_equal(mknodat(m.st.tree_fd, "gone", S_IFCHR, makedev(0, 0)), 0);
    commit(*state, &m);

    assert_true(S_ISCHR(look(&m, "gone").st_mode));
    assert_int_equal(look(&m, "gone").st_rdev, makedev(0, 0));
    end(&m);
}

static void test_opaque_directories_are_kept_and_no_other_attribute(void **state)
{
    struct made m;
    begin(*state, &m);
    put_dir(m.st.tree_fd, "etc");
    AUTO(fd_closep) int dir = openat(m.st.tree_fd, "etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(fsetxattr(dir, "user.overlay.opaque", "y", 1, 0), 0);
    assert_int_equal(fsetxattr(dir, "user.overlay.origin", "abc", 3, 0), 0);
    assert_int_equal(fsetxattr(dir, "user.note", "abc", 3, 0), 0);
    commit(*state, &m);

    char value[8];
    assert_int_equal(fgetxattr(dir, "user.overlay.opaque", value, sizeof(value)), 1);
    assert_int_equal(fgetxattr(dir, "user.overlay.origin", value, sizeof(value)), -1);
    assert_int_equal(fgetxattr(dir, "user.note", value, sizeof(value)), -1);
    struct layer opaque = m.layer;
    end(&m);

    begin(*state, &m);
    put_dir(m.st.tree_fd, "etc");
    commit(*state, &m);
    assert_string_not_equal(opaque.digest, m.layer.digest);
    end(&m);
}

static void test_capabilities_of_files_are_removed(void **state)
{
    need_root();
    static const unsigned char net_raw[20] = {1, 0, 0, 2, 0, 32};
    struct made m;
    begin(*state, &m);
    put_file(m.st.tree_fd, "ping", "x", 0755);
    AUTO(fd_closep) int fd = openat(m.st.tree_fd, "ping", O_RDONLY | O_CLOEXEC);
    assert_int_equal(fsetxattr(fd, "security.capability", net_raw, sizeof(net_raw), 0), 0);
    commit(*state, &m);

    char value[32];
    assert_int_equal(fgetxattr(fd, "security.capability", value, sizeof(value)), -1);
    end(&m);
}

static void test_the_digest_is_of_paths_types_modes_and_contents(void **state)
{
    static const struct {
        const char *name, *text;
        mode_t mode;
    } different[] = {
        {"a", "1", 0644}, {"b", "1", 0644}, {"a", "2", 0644}, {"a", "1", 0755}, {"a", "", 0644},
    };
    char seen[ARRAY_LEN(different)][STORE_DIGEST_CHARS + 1];
    for (size_t i = 0; i < ARRAY_LEN(different); i++) {
        struct made m;
        begin(*state, &m);
        put_file(m.st.tree_fd, different[i].name, different[i].text, different[i].mode);
        commit(*state, &m);
        memcpy(seen[i], m.layer.digest, sizeof(seen[i]));
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(seen[i], seen[k]);
        }
        end(&m);
    }
}

/* What was written once is read for ever: other hosts have layers with these digests. */
static void test_the_digest_of_a_tree_is_the_same_everywhere(void **state)
{
    struct made m;
    begin(*state, &m);
    put_dir(m.st.tree_fd, "usr");
    put_dir(m.st.tree_fd, "usr/bin");
    put_file(m.st.tree_fd, "usr/bin/tool", "#!/bin/sh\n", 0755);
    put_file(m.st.tree_fd, "usr/bin-", "", 0644);
    assert_int_equal(linkat(m.st.tree_fd, "usr/bin/tool", m.st.tree_fd, "usr/tool", 0), 0);
    put_link(m.st.tree_fd, "bin", "usr/bin");
    assert_int_equal(mknodat(m.st.tree_fd, "gone", S_IFCHR, makedev(0, 0)), 0);
    commit(*state, &m);

    assert_string_equal(m.layer.digest,
                        "15cc598d2fec13f625e7761cfe5cc661f48903e1b6e5d169cf402cff197089da");
    end(&m);
}

/* --- hostile trees ---------------------------------------------------------------------------- */

static void test_links_out_of_the_tree_are_not_followed(void **state)
{
    struct bench *b = *state;
    struct made m;
    put_file(b->dir_fd, "outside", "secret", 0600);
    begin(b, &m);
    put_link(m.st.tree_fd, "up", "../../../../outside");
    put_link(m.st.tree_fd, "etc", "/etc");
    put_link(m.st.tree_fd, "tmp", "../../../..");
    commit(b, &m);

    struct stat st;
    assert_int_equal(fstatat(b->dir_fd, "outside", &st, 0), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0600);
    assert_int_not_equal(st.st_mtime, STORE_LAYER_TIME);
    assert_true(S_ISLNK(look(&m, "etc").st_mode));
    end(&m);
    assert_int_equal(unlinkat(b->dir_fd, "outside", 0), 0);
}

static void test_a_device_is_refused(void **state)
{
    need_root();
    struct made m;
    begin(*state, &m);
    put_dir(m.st.tree_fd, "lib");
    assert_int_equal(mknodat(m.st.tree_fd, "lib/null", S_IFCHR | 0666, makedev(1, 3)), 0);
    check_refused(&m, -ERR_INVALID, "'lib/null' is a device");
    end(&m);

    begin(*state, &m);
    assert_int_equal(mknodat(m.st.tree_fd, "disk", S_IFBLK | 0666, makedev(0, 0)), 0);
    check_refused(&m, -ERR_INVALID, "'disk' is a device");
    end(&m);
}

static void test_a_fifo_is_refused(void **state)
{
    struct made m;
    begin(*state, &m);
    assert_int_equal(mkfifoat(m.st.tree_fd, "pipe", 0666), 0);
    check_refused(&m, -ERR_INVALID, "'pipe' is a fifo");
    end(&m);
}

static void test_a_socket_is_refused(void **state)
{
    struct bench *b = *state;
    struct made m;
    begin(b, &m);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof(name.sun_path), "/proc/self/fd/%d/sock", m.st.tree_fd);
    AUTO(fd_closep) int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(sock, (struct sockaddr *)&name, sizeof(name)), 0);
    check_refused(&m, -ERR_INVALID, "'sock' is a socket");
    end(&m);
}

static void test_names_may_have_any_byte_and_errors_stay_readable(void **state)
{
    struct made m;
    begin(*state, &m);
    put_file(m.st.tree_fd, "two\nlines\xff\x1b[31m", "x", 0644);
    commit(*state, &m);
    assert_int_equal(look(&m, "two\nlines\xff\x1b[31m").st_size, 1);
    end(&m);

    begin(*state, &m);
    assert_int_equal(mkfifoat(m.st.tree_fd, "two\nlines\xff\\", 0666), 0);
    check_refused(&m, -ERR_INVALID, "'two\\x0alines\\xff\\x5c' is a fifo");
    end(&m);
}

/* Below one another in `tree_fd`; returns how many could be made. */
static unsigned nest(int tree_fd, const char *name, unsigned depth)
{
    int fd = dup(tree_fd);
    unsigned done = 0;
    for (; done < depth && mkdirat(fd, name, 0755) == 0; done++) {
        int below = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        fd_close(fd);
        fd = below;
    }
    fd_close(fd);
    return done;
}

static void test_deep_trees_are_refused_and_can_be_removed(void **state)
{
    struct bench *b = *state;
    struct made m;
    begin(b, &m);
    assert_int_equal(nest(m.st.tree_fd, "d", 3000), 3000);
    check_refused(&m, -ERR_LIMIT, "directories above it");
    end(&m);
    assert_int_equal(count_in(b, "stage"), 0);
}

static void test_long_paths_are_refused(void **state)
{
    struct made m;
    char name[251];
    memset(name, 'n', 250);
    name[250] = '\0';
    begin(*state, &m);
    assert_int_equal(nest(m.st.tree_fd, name, 20), 20);
    check_refused(&m, -ERR_LIMIT, "a path of more than 4000 bytes");
    end(&m);
}

static void test_an_overlay_that_keeps_things_elsewhere_is_refused(void **state)
{
    struct made m;
    begin(*state, &m);
    put_dir(m.st.tree_fd, "moved");
    AUTO(fd_closep) int dir = openat(m.st.tree_fd, "moved", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(fsetxattr(dir, "user.overlay.redirect", "/etc", 4, 0), 0);
    check_refused(&m, -ERR_INVALID, "'moved' has an attribute user.overlay.redirect");
    end(&m);
}

static void test_directories_without_permissions_are_removed(void **state)
{
    struct bench *b = *state;
    struct made m;
    begin(b, &m);
    put_dir(m.st.tree_fd, "closed");
    put_file(m.st.tree_fd, "closed/file", "x", 0);
    assert_int_equal(fchmodat(m.st.tree_fd, "closed", 0, 0), 0);
    end(&m);
    assert_int_equal(count_in(b, "stage"), 0);
}

/* --- records ---------------------------------------------------------------------------------- */

static int parse(enum layer_record_type type, unsigned mode, const char *path, uint64_t size,
                 struct layer_record *ret)
{
    char data[LAYER_RECORD_BYTES + LAYER_PATH_MAX];
    struct err e = {0};
    size_t used = 0, len = layer_record_write(type, mode, path, size, data);
    int r = layer_record_parse(data, len, ret, &used, &e);
    assert_int_equal(used, r > 0 ? len : 0);
    for (size_t cut = 0; r > 0 && cut < len; cut++) {
        assert_int_equal(layer_record_parse(data, cut, ret, &used, &e), 0);
    }
    return layer_record_parse(data, len, ret, &used, &e);
}

static void test_records_are_read_as_they_were_written(void **state)
{
    struct layer_record r;
    (void)state;
    assert_int_equal(parse(LAYER_RECORD_FILE, 0755, "usr/bin/x", UINT64_C(5) << 32, &r), 1);
    assert_int_equal(r.type, LAYER_RECORD_FILE);
    assert_int_equal(r.mode, 0755);
    assert_string_equal(r.path, "usr/bin/x");
    assert_true(r.size == UINT64_C(5) << 32);
    assert_int_equal(parse(LAYER_RECORD_DIR, 0755, "", 0, &r), 1);
    assert_int_equal(parse(LAYER_RECORD_END, 0, "", 0, &r), 1);
}

static void test_records_that_no_layer_has_are_refused(void **state)
{
    static const struct {
        enum layer_record_type type;
        unsigned mode;
        const char *path;
        uint64_t size;
    } bad[] = {
        {LAYER_RECORD_FILE, 04755, "a", 0},       {LAYER_RECORD_FILE, 0777, "a", 0},
        {LAYER_RECORD_FILE, 0644, "", 0},         {LAYER_RECORD_FILE, 0644, "a", UINT64_MAX},
        {LAYER_RECORD_FILE, 0644, "/a", 0},       {LAYER_RECORD_FILE, 0644, "a/", 0},
        {LAYER_RECORD_FILE, 0644, "a//b", 0},     {LAYER_RECORD_FILE, 0644, "a/./b", 0},
        {LAYER_RECORD_FILE, 0644, "../b", 0},     {LAYER_RECORD_FILE, 0644, "a/..", 0},
        {LAYER_RECORD_DIR, 0700, "a", 0},         {LAYER_RECORD_DIR, 0755, "a", 1},
        {LAYER_RECORD_LINK, 0, "a", 0},           {LAYER_RECORD_LINK, 0, "a", 5000},
        {LAYER_RECORD_HARD, 0, "a", 0},           {LAYER_RECORD_WHITEOUT, 0644, "a", 0},
        {LAYER_RECORD_OPAQUE, 0755, "", 0},       {LAYER_RECORD_END, 0, "a", 0},
        {(enum layer_record_type)'x', 0, "a", 0},
    };
    struct layer_record r;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(parse(bad[i].type, bad[i].mode, bad[i].path, bad[i].size, &r),
                         -ERR_INVALID);
    }
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(test_modes_owner_and_times_are_made_plain),
        IN_STORE(test_files_of_others_become_ours),
        IN_STORE(test_what_a_box_has_of_its_own_is_left_out),
        IN_STORE(test_hard_links_stay_what_they_are),
        IN_STORE(test_whiteouts_are_kept),
        IN_STORE(test_opaque_directories_are_kept_and_no_other_attribute),
        IN_STORE(test_capabilities_of_files_are_removed),
        IN_STORE(test_the_digest_is_of_paths_types_modes_and_contents),
        IN_STORE(test_the_digest_of_a_tree_is_the_same_everywhere),
        IN_STORE(test_links_out_of_the_tree_are_not_followed),
        IN_STORE(test_a_device_is_refused),
        IN_STORE(test_a_fifo_is_refused),
        IN_STORE(test_a_socket_is_refused),
        IN_STORE(test_names_may_have_any_byte_and_errors_stay_readable),
        IN_STORE(test_deep_trees_are_refused_and_can_be_removed),
        IN_STORE(test_long_paths_are_refused),
        IN_STORE(test_an_overlay_that_keeps_things_elsewhere_is_refused),
        IN_STORE(test_directories_without_permissions_are_removed),
        cmocka_unit_test(test_records_are_read_as_they_were_written),
        cmocka_unit_test(test_records_that_no_layer_has_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
