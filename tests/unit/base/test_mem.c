/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"

static void test_strdup_of_null_is_null(void **state)
{
    (void)state;
    assert_null(xstrdup(NULL));
    assert_null(xstrndup(NULL, 3));
}

static void test_strndup_stops_at_max_and_at_nul(void **state)
{
    (void)state;
    AUTO(mem_freep) char *cut = xstrndup("abcdef", 3);
    AUTO(mem_freep) char *whole = xstrndup("ab", 30);
    assert_string_equal(cut, "abc");
    assert_string_equal(whole, "ab");
}

static void test_memdup_puts_nul_behind(void **state)
{
    (void)state;
    AUTO(mem_freep) char *copy = xmemdup("a\0b", 3);
    AUTO(mem_freep) char *nothing = xmemdup(NULL, 0);
    assert_memory_equal(copy, "a\0b\0", 4);
    assert_string_equal(nothing, "");
}

static void test_asprintf_formats(void **state)
{
    (void)state;
    AUTO(mem_freep) char *text = xasprintf("%s-%d", "a", 1);
    assert_string_equal(text, "a-1");
}

static void test_zero_sizes_give_memory(void **state)
{
    (void)state;
    AUTO(mem_freep) void *a = xmalloc(0);
    AUTO(mem_freep) void *b = xcalloc(0, 0);
    AUTO(mem_freep) void *c = xreallocarray(NULL, 0, 8);
    assert_non_null(a);
    assert_non_null(b);
    assert_non_null(c);
}

static void test_freep_clears_the_pointer(void **state)
{
    (void)state;
    char *p = xstrdup("x");
    mem_freep(&p);
    assert_null(p);
    mem_freep(&p);
}

/* Runs `fn` in a child and gives its exit status and what it wrote to stderr. */
static int run_child(void (*fn)(void), char *err, size_t size)
{
    int pipe_fds[2];
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(pipe_fds[1], STDERR_FILENO);
        fn();
        _exit(0);
    }
    close(pipe_fds[1]);
    size_t len = 0;
    ssize_t n;
    while ((n = read(pipe_fds[0], err + len, size - 1 - len)) > 0) {
        len += (size_t)n;
    }
    err[len] = '\0';
    close(pipe_fds[0]);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void overflow_an_array(void)
{
    volatile size_t count = SIZE_MAX / 2;
    free(xreallocarray(NULL, count, 4));
}

static void copy_everything(void)
{
    volatile size_t size = SIZE_MAX;
    free(xmemdup("", size));
}

static void test_impossible_sizes_end_the_process_with_a_line(void **state)
{
    (void)state;
    char err[200];
    assert_int_equal(run_child(overflow_an_array, err, sizeof(err)), 71);
    assert_string_equal(err, "belljar: out of memory\n");
    assert_int_equal(run_child(copy_everything, err, sizeof(err)), 71);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strdup_of_null_is_null),
        cmocka_unit_test(test_strndup_stops_at_max_and_at_nul),
        cmocka_unit_test(test_memdup_puts_nul_behind),
        cmocka_unit_test(test_asprintf_formats),
        cmocka_unit_test(test_zero_sizes_give_memory),
        cmocka_unit_test(test_freep_clears_the_pointer),
        cmocka_unit_test(test_impossible_sizes_end_the_process_with_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
