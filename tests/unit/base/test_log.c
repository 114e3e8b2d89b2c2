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
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"

struct fixture {
    struct log log;
    struct buf text;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err e;
    assert_int_equal(fd_memfd("log", "", 0, false, &f->log.fd, &e), 0);
    f->log.level = LOG_LEVEL_INFO;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    fd_close(f->log.fd);
    buf_done(&f->text);
    free(f);
    return 0;
}

/* What was written, behind the time. */
static const char *written(struct fixture *f)
{
    struct err e;
    assert_int_equal(lseek(f->log.fd, 0, SEEK_SET), 0);
    assert_int_equal(fd_read_all(f->log.fd, 100000, &f->text, &e), 0);
    const char *rest = strstr(f->text.data, "Z ");
    rest = rest != NULL ? rest : strstr(f->text.data, "Z\"");
    return rest != NULL ? rest + 2 : "";
}

static void test_logfmt_line(void **state)
{
    struct fixture *f = *state;
    f->log.process = "server";
    LOG_INFO(&f->log, "job finished", log_s("id", "01H"), log_i("ms", -12), log_s("none", NULL));
    assert_string_equal(written(f), "level=info process=server event=\"job finished\" id=01H "
                                    "ms=-12 none=\"\"\n");
}

static void test_json_line(void **state)
{
    struct fixture *f = *state;
    f->log.format = LOG_FORMAT_JSON;
    LOG_WARN(&f->log, "full", log_s("why", "a \"b\"\n"), log_i("n", 3));
    assert_string_equal(
        written(f), ",\"level\":\"warn\",\"event\":\"full\",\"why\":\"a \\\"b\\\"\\n\",\"n\":3}\n");
    assert_memory_equal(f->text.data, "{\"time\":\"20", 11);
}

static void test_time_is_rfc3339(void **state)
{
    struct fixture *f = *state;
    LOG_ERROR(&f->log, "x");
    written(f);
    static const char form[] = "time=dddd-dd-ddTdd:dd:dd.dddZ level=error event=x\n";
    assert_int_equal(f->text.len, strlen(form));
    for (size_t i = 0; form[i] != '\0' && i < 30; i++) {
        bool digit = f->text.data[i] >= '0' && f->text.data[i] <= '9';
        assert_true(form[i] == 'd' ? digit : f->text.data[i] == form[i]);
    }
}

static void test_date_is_that_of_the_c_library(void **state)
{
    struct fixture *f = *state;
    time_t before = time(NULL);
    LOG_INFO(&f->log, "x");
    time_t after = time(NULL);
    written(f);

    char first[40], last[40];
    struct tm tm;
    strftime(first, sizeof(first), "time=%Y-%m-%dT%H:%M:%S", gmtime_r(&before, &tm));
    strftime(last, sizeof(last), "time=%Y-%m-%dT%H:%M:%S", gmtime_r(&after, &tm));
    assert_true(strncmp(f->text.data, first, strlen(first)) >= 0);
    assert_true(strncmp(f->text.data, last, strlen(last)) <= 0);
}

static void test_values_cannot_forge_lines_or_steer_a_terminal(void **state)
{
    struct fixture *f = *state;
    LOG_INFO(&f->log, "x", log_s("a", "1\nlevel=error"), log_s("b", "\r\t\x1b[31m\x7f"),
             log_s("c", "\xc2\x9b"), log_s("d", "\\"), log_s("e", "\xc3\xa9"), log_s("f", "\xff"));
    assert_string_equal(written(f), "level=info event=x a=\"1\\nlevel=error\" "
                                    "b=\"\\r\\t\\u001b[31m\\u007f\" c=\"\\u009b\" d=\"\\\\\" "
                                    "e=\xc3\xa9 f=\xef\xbf\xbd\n");
}

static void test_long_values_are_cut_between_characters(void **state)
{
    struct fixture *f = *state;
    char text[4001];
    for (size_t i = 0; i < 4000; i += 2) {
        memcpy(text + i, "\xc3\xa9", 2);
    }
    text[4000] = '\0';
    LOG_INFO(&f->log, "x", log_s("a", text + 2), log_s("b", text + 1));
    const char *rest = written(f);
    assert_true(utf8_valid(rest, strlen(rest)));
    assert_in_range(strlen(rest), 2 * 2000, 2 * 2000 + 60);
    assert_non_null(strstr(rest, "\xc3\xa9...\n"));
}

static void test_below_the_level_nothing_is_written(void **state)
{
    struct fixture *f = *state;
    LOG_DEBUG(&f->log, "x");
    f->log.level = LOG_LEVEL_NONE;
    LOG_ERROR(&f->log, "x");
    log_event(&f->log, LOG_LEVEL_NONE, "x", (const struct log_field[]){{0}});
    assert_string_equal(written(f), "");
}

static void test_null_log_swallows(void **state)
{
    (void)state;
    LOG_ERROR((struct log *)NULL, "x");
}

static void test_failing_write_keeps_errno(void **state)
{
    (void)state;
    AUTO(fd_closep) int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    struct log log = {.fd = full};
    errno = EXDEV;
    LOG_ERROR(&log, "x");
    assert_int_equal(errno, EXDEV);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_logfmt_line),
        T(test_json_line),
        T(test_time_is_rfc3339),
        T(test_date_is_that_of_the_c_library),
        T(test_values_cannot_forge_lines_or_steer_a_terminal),
        T(test_long_values_are_cut_between_characters),
        T(test_below_the_level_nothing_is_written),
        cmocka_unit_test(test_null_log_swallows),
        cmocka_unit_test(test_failing_write_keeps_errno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
