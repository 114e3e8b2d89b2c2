/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent's side, with this program in the place of belljar: it prints what it was started with,
 * and its number.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/steward.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "cli/owned_dir.h"
#include "cli/steward.h"
#include "config/config.h"

static char folder[] = "/tmp/belljar-steward-XXXXXX";
static char data_flag[] = "--data=/nowhere";
static char *const flags[] = {data_flag, NULL};

/* --- in the place of belljar ------------------------------------------------------------------ */

/* As one that tells more than anybody reads. */
static void flood(void)
{
    static const char line[1000] = "x";
    while (write(STDOUT_FILENO, line, sizeof(line)) > 0) {
    }
}

static int stand_in(int argc, char **argv)
{
    AUTO(buf_done) struct buf input = {0};
    struct err e;
    for (int i = 1; i < argc; i++) {
        printf("%s%s", argv[i], i + 1 < argc ? " " : "\n");
    }
    printf("%d\n", (int)getpid());
    if (fd_read_all(STDIN_FILENO, 1000, &input, &e) == 0) {
        printf("input: %s\n", input.data ? input.data : "");
    }
    fflush(stdout);
    if (strcmp(argv[argc - 1], "flood") == 0) {
        flood();
    }
    while (strcmp(argv[argc - 1], "hold") == 0) {
        pause();
    }
    return 0;
}

/* --- fixture ---------------------------------------------------------------------------------- */

struct fixture {
    struct loop *loop;
    struct config *config;
    struct owned_dir packages;
    struct log log, audit;
    struct steward steward;
    unsigned ended;
    int sock; /* the server's end */
};

static void on_ended(void *ctx)
{
    struct fixture *f = ctx;
    f->ended++;
}

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    static char *words[] = {NULL};
    static char *environment[] = {NULL};
    char **rest = NULL;
    struct err e;
    assert_int_equal(loop_new(&f->loop, &e), 0);
    assert_int_equal(config_load(words, environment, &f->config, &rest, &e), 0);
    free(rest);
    f->packages = (struct owned_dir){folder, open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    f->log = (struct log){.fd = open("/dev/null", O_WRONLY | O_CLOEXEC), .process = "test"};
    f->audit = (struct log){.fd = memfd_create("audit", MFD_CLOEXEC), .process = "test"};
    const struct steward_config config = {
        .loop = f->loop,
        .config = f->config,
        .flags = flags,
        .packages = &f->packages,
        .log = &f->log,
        .audit = &f->audit,
        .ended = on_ended,
        .ctx = f,
    };
    steward_init(&f->steward, &config);
    assert_int_equal(steward_connect(&f->steward, &f->sock, &e), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    steward_done(&f->steward);
    loop_free(f->loop);
    config_free(f->config);
    fd_close(f->packages.fd);
    fd_close(f->log.fd);
    fd_close(f->audit.fd);
    fd_close(f->sock);
    free(f);
    return 0;
}

static void step(struct fixture *f)
{
    struct err e;
    assert_int_equal(loop_step(f->loop, UINT64_C(100000000), &e), 0);
}

static void send_words(struct fixture *f, uint32_t op, char kind, const char *text, uint32_t count)
{
    AUTO(buf_done) struct buf packet = {0};
    const struct steward_request q = {op, 0, count};
    struct err e;
    buf_add(&packet, &q, sizeof(q));
    for (uint32_t i = 0; i < count; i++) {
        buf_add_fmt(&packet, "%c%s-%u", kind, text, (unsigned)i);
        buf_add_char(&packet, '\0');
    }
    assert_int_equal(fd_send(f->sock, packet.data, packet.len, NULL, 0, &e), 0);
}

static void send_word(struct fixture *f, uint32_t op, uint32_t upload, char kind, const char *text)
{
    AUTO(buf_done) struct buf packet = {0};
    const struct steward_request q = {op, upload, text ? 1 : 0};
    struct err e;
    buf_add(&packet, &q, sizeof(q));
    if (text) {
        buf_add_char(&packet, kind);
        buf_add(&packet, text, strlen(text) + 1);
    }
    assert_int_equal(fd_send(f->sock, packet.data, packet.len, NULL, 0, &e), 0);
}

/* The descriptor, or -1. */
static int hear(struct fixture *f, struct steward_answer *ret)
{
    size_t len = 0, fd_count = 1;
    int fd = -1, r;
    struct err e;
    do {
        step(f);
        fd_count = 1;
        r = fd_recv(f->sock, ret, sizeof(*ret), &len, &fd, &fd_count, MSG_DONTWAIT, &e);
    } while (r == -ERR_BUSY);
    assert_int_equal(r, 0);
    assert_int_equal(len, sizeof(*ret));
    return fd;
}

static int ask(struct fixture *f, uint32_t op, const char *package)
{
    struct steward_answer answer;
    send_word(f, op, 0, 'p', package);
    int fd = hear(f, &answer);
    assert_int_equal(answer.kind, 0);
    assert_true(fd >= 0);
    return fd;
}

static bool is_silent(int fd)
{
    struct pollfd look = {.fd = fd, .events = POLLIN};
    return poll(&look, 1, 0) == 0;
}

static char *line_read(struct fixture *f, int fd)
{
    AUTO(buf_done) struct buf line = {0};
    char c;
    while (is_silent(fd)) {
        step(f);
    }
    while (read(fd, &c, 1) == 1 && c != '\n') {
        buf_add_char(&line, c);
    }
    return xstrdup(line.data ? line.data : "");
}

static pid_t pid_read(struct fixture *f, int fd)
{
    AUTO(mem_freep) char *command = line_read(f, fd);
    AUTO(mem_freep) char *pid = line_read(f, fd);
    return (pid_t)strtol(pid, NULL, 10);
}

static void end_wait(struct fixture *f, unsigned ended)
{
    while (f->ended < ended) {
        step(f);
    }
}

/* --- tests ------------------------------------------------------------------------------------ */

static void test_words_are_given_on_with_the_parents_flags(void **state)
{
    struct fixture *f = *state;
    AUTO(fd_closep) int fd = ask(f, STEWARD_INSTALL, "python=3.11");
    AUTO(mem_freep) char *line = line_read(f, fd);
    AUTO(mem_freep)
    char *expected =
        xasprintf("pkg --data=/nowhere --runtimes-dir=%s --events install python=3.11", folder);
    assert_string_equal(line, expected);
    end_wait(f, 1);
    assert_true(steward_is_idle(&f->steward));
}

static void test_what_is_refused_starts_nothing(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {"--again", "../x", "/etc/passwd", "a b"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct steward_answer answer;
        send_word(f, STEWARD_INSTALL, 0, 'p', bad[i]);
        assert_int_equal(hear(f, &answer), -1);
        assert_int_equal(answer.kind, ERR_INVALID);
        assert_true(steward_is_idle(&f->steward));
    }
}

static void test_the_audit_log_names_each_package(void **state)
{
    struct fixture *f = *state;
    struct steward_answer answer;
    send_words(f, STEWARD_INSTALL, 'p', "a-rather-long-name", 64);
    AUTO(fd_closep) int fd = hear(f, &answer);
    assert_int_equal(answer.kind, 0);
    end_wait(f, 1);
    AUTO(buf_done) struct buf told = {0};
    struct err e;
    assert_int_equal(lseek(f->audit.fd, 0, SEEK_SET), 0);
    assert_int_equal(fd_read_all(f->audit.fd, 100000, &told, &e), 0);
    for (unsigned i = 0; i < 64; i++) {
        AUTO(mem_freep) char *name = xasprintf("a-rather-long-name-%u", i);
        assert_non_null(strstr(told.data, name));
    }
}

static void test_one_change_at_a_time(void **state)
{
    struct fixture *f = *state;
    AUTO(fd_closep) int first = ask(f, STEWARD_INSTALL, "hold");
    pid_t pid = pid_read(f, first);
    AUTO(fd_closep) int second = ask(f, STEWARD_REMOVE, "python");
    step(f);
    assert_true(is_silent(second));
    assert_int_equal(kill(pid, SIGKILL), 0);
    AUTO(mem_freep) char *line = line_read(f, second);
    assert_non_null(strstr(line, "remove python"));
    end_wait(f, 2);
}

static void test_a_server_that_does_not_read_holds_no_change(void **state)
{
    struct fixture *f = *state;
    AUTO(fd_closep) int first = ask(f, STEWARD_INSTALL, "flood");
    AUTO(fd_closep) int second = ask(f, STEWARD_REMOVE, "python");
    AUTO(mem_freep) char *line = line_read(f, second);
    assert_non_null(strstr(line, "remove python"));
    end_wait(f, 2);
}

static void test_questions_do_not_wait_for_changes(void **state)
{
    struct fixture *f = *state;
    AUTO(fd_closep) int change = ask(f, STEWARD_INSTALL, "hold");
    (void)pid_read(f, change);
    AUTO(fd_closep) int question = ask(f, STEWARD_AVAILABLE, "python");
    AUTO(mem_freep) char *line = line_read(f, question);
    assert_non_null(strstr(line, "available python"));
    end_wait(f, 1);
    assert_false(steward_is_idle(&f->steward));
}

static void test_a_flood_is_refused(void **state)
{
    struct fixture *f = *state;
    int fds[1 + STEWARD_WAITING_MAX];
    struct steward_answer answer;
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = ask(f, STEWARD_INSTALL, "hold");
    }
    send_word(f, STEWARD_INSTALL, 0, 'p', "hold");
    assert_int_equal(hear(f, &answer), -1);
    assert_int_equal(answer.kind, ERR_BUSY);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fd_close(fds[i]);
    }
}

static void test_an_image_is_sent_by_a_file_without_a_name(void **state)
{
    struct fixture *f = *state;
    struct steward_answer answer;
    struct err e;
    send_word(f, STEWARD_UPLOAD, 0, 0, NULL);
    AUTO(fd_closep) int file = hear(f, &answer);
    assert_int_equal(fd_write_all(file, "an image", 8, &e), 0);
    char byte;
    assert_int_equal(pread(file, &byte, 1, 0), -1); /* for writing alone */
    AUTO(dir_closep) DIR *dir = NULL;
    assert_int_equal(dir_open(f->packages.fd, ".", &dir, &e), 0);
    assert_null(dir_next(dir));

    send_word(f, STEWARD_IMAGE_IMPORT, answer.upload, 'i', "toy");
    AUTO(fd_closep) int fd = hear(f, &answer);
    AUTO(mem_freep) char *command = line_read(f, fd);
    AUTO(mem_freep) char *pid = line_read(f, fd);
    AUTO(mem_freep) char *input = line_read(f, fd);
    assert_non_null(strstr(command, "--events import - --as=toy"));
    assert_string_equal(input, "input: an image");
    end_wait(f, 1);
}

static void test_a_file_of_a_killed_one_is_in_nobodys_way(void **state)
{
    struct fixture *f = *state;
    struct steward_answer answer;
    AUTO(mem_freep) char *name = xasprintf(".upload-%d", (int)getpid());
    fd_close(openat(f->packages.fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    send_word(f, STEWARD_UPLOAD, 0, 0, NULL);
    AUTO(fd_closep) int file = hear(f, &answer);
    assert_true(file >= 0);
    assert_int_equal(faccessat(f->packages.fd, name, F_OK, 0), -1);
}

static void test_an_upload_serves_once_and_may_be_dropped(void **state)
{
    struct fixture *f = *state;
    struct steward_answer answer;
    for (unsigned i = 1; i <= 3 * STEWARD_UPLOADS; i++) {
        send_word(f, STEWARD_UPLOAD, 0, 0, NULL);
        fd_close(hear(f, &answer));
        assert_int_equal(answer.upload, i);
        send_word(f, STEWARD_UPLOAD_DROP, answer.upload, 0, NULL);
        assert_int_equal(hear(f, &answer), -1);
        assert_int_equal(answer.kind, 0);
        send_word(f, STEWARD_IMAGE_IMPORT, i, 'i', "toy");
        assert_int_equal(hear(f, &answer), -1);
        assert_int_equal(answer.kind, ERR_NOT_FOUND);
    }
}

static void test_too_many_uploads_are_refused(void **state)
{
    struct fixture *f = *state;
    struct steward_answer answer;
    for (unsigned i = 0; i < STEWARD_UPLOADS; i++) {
        send_word(f, STEWARD_UPLOAD, 0, 0, NULL);
        fd_close(hear(f, &answer));
    }
    send_word(f, STEWARD_UPLOAD, 0, 0, NULL);
    assert_int_equal(hear(f, &answer), -1);
    assert_int_equal(answer.kind, ERR_BUSY);
}

static void test_a_change_outlives_the_server_that_asked(void **state)
{
    struct fixture *f = *state;
    int first = ask(f, STEWARD_INSTALL, "hold");
    pid_t pid = pid_read(f, first);
    int second = ask(f, STEWARD_INSTALL, "python");
    fd_close(first);
    fd_close(second);
    fd_closep(&f->sock);
    while (f->steward.sock >= 0) {
        step(f);
    }
    assert_false(steward_is_idle(&f->steward));
    assert_int_equal(kill(pid, SIGKILL), 0);
    end_wait(f, 2); /* the one that waited was done, too */

    struct err e;
    assert_int_equal(steward_connect(&f->steward, &f->sock, &e), 0);
    AUTO(fd_closep) int third = ask(f, STEWARD_LIST, NULL);
    end_wait(f, 3);
}

static void test_a_stop_ends_what_runs_and_what_waits(void **state)
{
    struct fixture *f = *state;
    AUTO(fd_closep) int first = ask(f, STEWARD_INSTALL, "hold");
    (void)pid_read(f, first);
    AUTO(fd_closep) int second = ask(f, STEWARD_INSTALL, "python");
    steward_stop(&f->steward, false);
    AUTO(mem_freep) char *nothing = line_read(f, second);
    assert_string_equal(nothing, "");
    end_wait(f, 1);
    assert_true(steward_is_idle(&f->steward));
    struct steward_answer answer;
    send_word(f, STEWARD_LIST, 0, 0, NULL);
    assert_int_equal(hear(f, &answer), -1);
    assert_int_equal(answer.kind, ERR_BUSY);
}

static void test_without_a_store_it_says_so(void **state)
{
    struct fixture *f = *state;
    struct steward_answer answer;
    fd_closep(&f->packages.fd);
    send_word(f, STEWARD_INSTALL, 0, 'p', "python");
    assert_int_equal(hear(f, &answer), -1);
    assert_int_equal(answer.kind, ERR_UNSUPPORTED);
}

int main(int argc, char **argv)
{
    if (argc > 1 && (strcmp(argv[1], "pkg") == 0 || strcmp(argv[1], "image") == 0)) {
        return stand_in(argc, argv);
    }
    (void)signal(SIGPIPE, SIG_IGN);
    alarm(120);
    if (!mkdtemp(folder)) {
        return EXIT_FAILURE;
    }
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_words_are_given_on_with_the_parents_flags),
        TEST(test_what_is_refused_starts_nothing),
        TEST(test_the_audit_log_names_each_package),
        TEST(test_one_change_at_a_time),
        TEST(test_a_server_that_does_not_read_holds_no_change),
        TEST(test_questions_do_not_wait_for_changes),
        TEST(test_a_flood_is_refused),
        TEST(test_an_image_is_sent_by_a_file_without_a_name),
        TEST(test_a_file_of_a_killed_one_is_in_nobodys_way),
        TEST(test_an_upload_serves_once_and_may_be_dropped),
        TEST(test_too_many_uploads_are_refused),
        TEST(test_a_change_outlives_the_server_that_asked),
        TEST(test_a_stop_ends_what_runs_and_what_waits),
        TEST(test_without_a_store_it_says_so),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)rmdir(folder);
    return failed;
}
