/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"

struct pair {
    int fds[2];
};

static void pair_done(struct pair *p)
{
    fd_close(p->fds[0]);
    fd_close(p->fds[1]);
}

static struct pair pair_make(void)
{
    struct pair p;
    struct err e;
    assert_int_equal(fd_seqpacket_pair(p.fds, &e), 0);
    return p;
}

static bool is_cloexec(int fd)
{
    return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

static void test_close_keeps_errno_and_takes_minus_one(void **state)
{
    (void)state;
    errno = EXDEV;
    fd_close(-1);
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    errno = EXDEV;
    fd_closep(&fd);
    assert_int_equal(errno, EXDEV);
    assert_int_equal(fd, -1);
}

static void test_nonblock_goes_on_and_off(void **state)
{
    (void)state;
    AUTO(pair_done) struct pair p = pair_make();
    struct err e;
    assert_int_equal(fd_set_nonblock(p.fds[0], true, &e), 0);
    assert_true(fcntl(p.fds[0], F_GETFL) & O_NONBLOCK);
    assert_int_equal(fd_set_nonblock(p.fds[0], false, &e), 0);
    assert_false(fcntl(p.fds[0], F_GETFL) & O_NONBLOCK);
    assert_int_equal(fd_set_nonblock(-1, true, &e), -ERR_IO);
    assert_int_equal(e.sys, EBADF);
}

static void test_write_all_says_why_it_failed(void **state)
{
    (void)state;
    struct err e;
    AUTO(fd_closep) int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_int_equal(fd_write_all(fd, "x", 1, &e), -ERR_IO);
    assert_int_equal(e.sys, ENOSPC);
    assert_int_equal(fd_write_all(fd, "", 0, &e), 0);
}

static int file_with(const void *data, size_t len)
{
    int fd = -1;
    struct err e;
    assert_int_equal(fd_memfd("test", data, len, false, &fd, &e), 0);
    return fd;
}

static void test_read_all_takes_exactly_max(void **state)
{
    (void)state;
    AUTO(fd_closep) int fd = file_with("hello", 5);
    AUTO(buf_done) struct buf b = {0};
    struct err e;
    buf_add_str(&b, ">");
    assert_int_equal(fd_read_all(fd, 5, &b, &e), 0);
    assert_string_equal(b.data, ">hello");
}

static void test_read_all_refuses_more_and_leaves_ret(void **state)
{
    (void)state;
    AUTO(fd_closep) int fd = file_with("hello", 5);
    AUTO(buf_done) struct buf b = {0};
    struct err e;
    buf_add_str(&b, ">");
    assert_int_equal(fd_read_all(fd, 4, &b, &e), -ERR_LIMIT);
    assert_string_equal(b.data, ">");
    assert_int_equal(b.len, 1);
}

static void test_read_all_of_a_large_file(void **state)
{
    (void)state;
    size_t size = 100000;
    char *data = malloc(size);
    memset(data, 'z', size);
    AUTO(fd_closep) int fd = file_with(data, size);
    AUTO(buf_done) struct buf b = {0};
    struct err e;
    assert_int_equal(fd_read_all(fd, size, &b, &e), 0);
    assert_int_equal(b.len, size);
    assert_memory_equal(b.data, data, size);
    free(data);
}

static void test_read_all_says_why_it_failed(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = {0};
    struct err e;
    assert_int_equal(fd_read_all(-1, 10, &b, &e), -ERR_IO);
    assert_string_equal(b.data, "");
}

static void test_read_path_names_the_path(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = {0};
    struct err e;
    assert_int_equal(fd_read_path("/nowhere/at/all", 10, &b, &e), -ERR_NOT_FOUND);
    assert_string_equal(e.text, "open '/nowhere/at/all': No such file or directory");
    assert_int_equal(fd_read_path("/dev/zero", 10, &b, &e), -ERR_LIMIT);
    assert_non_null(strstr(e.text, "'/dev/zero'"));
    assert_int_equal(fd_read_path("/dev/null", 10, &b, &e), 0);
    assert_string_equal(b.data, "");
}

static void test_memfd_is_at_its_start(void **state)
{
    (void)state;
    AUTO(fd_closep) int fd = file_with("abc", 3);
    char text[4] = "";
    assert_true(is_cloexec(fd));
    assert_int_equal(read(fd, text, sizeof(text)), 3);
    assert_string_equal(text, "abc");
}

static void test_memfd_sealed_refuses_changes(void **state)
{
    (void)state;
    int fd = -1;
    struct err e;
    assert_int_equal(fd_memfd("test", "abc", 3, true, &fd, &e), 0);
    assert_int_equal(pwrite(fd, "x", 1, 0), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(ftruncate(fd, 1), -1);
    assert_int_equal(ftruncate(fd, 9), -1);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
    fd_close(fd);
}

static void test_memfd_failure_leaves_ret(void **state)
{
    (void)state;
    char name[300];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    int fd = 77;
    struct err e;
    assert_int_equal(fd_memfd(name, "", 0, false, &fd, &e), -ERR_IO);
    assert_int_equal(fd, 77);
}

static void test_packet_arrives_whole_with_its_descriptors(void **state)
{
    (void)state;
    AUTO(pair_done) struct pair p = pair_make();
    AUTO(fd_closep) int one = file_with("1", 1);
    AUTO(fd_closep) int two = file_with("2", 1);
    struct err e;
    assert_int_equal(fd_send(p.fds[0], "ping", 4, (int[]){one, two}, 2, &e), 0);

    char data[16];
    size_t len = 0;
    int got[FD_PASS_MAX];
    size_t count = FD_PASS_MAX;
    assert_int_equal(fd_recv(p.fds[1], data, sizeof(data), &len, got, &count, 0, &e), 0);

    assert_int_equal(len, 4);
    assert_memory_equal(data, "ping", 4);
    assert_int_equal(count, 2);
    char c;
    assert_int_equal(read(got[1], &c, 1), 1);
    assert_int_equal(c, '2');
    for (size_t i = 0; i < count; i++) {
        assert_true(is_cloexec(got[i]));
        fd_close(got[i]);
    }
}

static void test_packet_without_room_for_descriptors_is_invalid(void **state)
{
    (void)state;
    AUTO(pair_done) struct pair p = pair_make();
    AUTO(pair_done) struct pair sent = pair_make();
    struct err e;
    assert_int_equal(fd_send(p.fds[0], "x", 1, &sent.fds[1], 1, &e), 0);
    fd_closep(&sent.fds[1]);

    char data[16];
    size_t len = 99;
    assert_int_equal(fd_recv(p.fds[1], data, sizeof(data), &len, NULL, NULL, 0, &e), -ERR_INVALID);

    assert_int_equal(len, 99);
    /* EOF here says that the descriptor that came was closed. */
    assert_int_equal(fd_recv(sent.fds[0], data, sizeof(data), &len, NULL, NULL, MSG_DONTWAIT, &e),
                     0);
    assert_int_equal(len, 0);
}

static void test_packet_that_is_cut_is_invalid(void **state)
{
    (void)state;
    AUTO(pair_done) struct pair p = pair_make();
    struct err e;
    assert_int_equal(fd_send(p.fds[0], "four", 4, NULL, 0, &e), 0);
    char data[2];
    size_t len;
    assert_int_equal(fd_recv(p.fds[1], data, sizeof(data), &len, NULL, NULL, 0, &e), -ERR_INVALID);
}

static void test_recv_says_busy_when_nothing_is_there(void **state)
{
    (void)state;
    AUTO(pair_done) struct pair p = pair_make();
    struct err e;
    char data[2];
    size_t len;
    size_t count = 0;
    assert_int_equal(fd_recv(p.fds[1], data, 2, &len, NULL, &count, MSG_DONTWAIT, &e), -ERR_BUSY);
}

static void test_send_says_gone_when_the_peer_is(void **state)
{
    (void)state;
    AUTO(pair_done) struct pair p = pair_make();
    fd_closep(&p.fds[1]);
    struct err e;
    assert_int_equal(fd_send(p.fds[0], "x", 1, NULL, 0, &e), -ERR_GONE);
}

static void test_send_says_busy_when_the_buffer_is_full(void **state)
{
    (void)state;
    AUTO(pair_done) struct pair p = pair_make();
    char block[1000] = "";
    struct err e;
    int r = 0;
    for (int i = 0; i < 10000 && r == 0; i++) {
        r = fd_send(p.fds[0], block, sizeof(block), NULL, 0, &e);
    }
    assert_int_equal(r, -ERR_BUSY);
}

static void test_send_refuses_too_many_descriptors(void **state)
{
    (void)state;
    int fds[FD_PASS_MAX + 1] = {0};
    struct err e;
    assert_int_equal(fd_send(-1, "", 0, fds, FD_PASS_MAX + 1, &e), -ERR_BUG);
    assert_int_equal(fd_send(-1, "", 0, NULL, 0, &e), -ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_close_keeps_errno_and_takes_minus_one),
        cmocka_unit_test(test_nonblock_goes_on_and_off),
        cmocka_unit_test(test_write_all_says_why_it_failed),
        cmocka_unit_test(test_read_all_takes_exactly_max),
        cmocka_unit_test(test_read_all_refuses_more_and_leaves_ret),
        cmocka_unit_test(test_read_all_of_a_large_file),
        cmocka_unit_test(test_read_all_says_why_it_failed),
        cmocka_unit_test(test_read_path_names_the_path),
        cmocka_unit_test(test_memfd_is_at_its_start),
        cmocka_unit_test(test_memfd_sealed_refuses_changes),
        cmocka_unit_test(test_memfd_failure_leaves_ret),
        cmocka_unit_test(test_packet_arrives_whole_with_its_descriptors),
        cmocka_unit_test(test_packet_without_room_for_descriptors_is_invalid),
        cmocka_unit_test(test_packet_that_is_cut_is_invalid),
        cmocka_unit_test(test_recv_says_busy_when_nothing_is_there),
        cmocka_unit_test(test_send_says_gone_when_the_peer_is),
        cmocka_unit_test(test_send_says_busy_when_the_buffer_is_full),
        cmocka_unit_test(test_send_refuses_too_many_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
