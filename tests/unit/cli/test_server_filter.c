/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/tree.h"
#include "cli/server_filter.h"
#include "store/store.h"

/* Runs `probe` behind the server's filter, in a child; what it returned, or -1. */
static int behind_filter(int (*probe)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        struct err e;
        _exit(server_filter_load(&e) < 0 ? 255 : probe());
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) != 255 ? WEXITSTATUS(status) : -1;
}

/* How many families beyond those that a server needs were not refused. */
static int odd_families_open(void)
{
    int open = 0;
    for (int family = 0; family < AF_MAX; family++) {
        if (family != AF_INET && family != AF_INET6) {
            open += socket(family, SOCK_RAW, 0) >= 0 || errno != EPERM;
        }
    }
    return open;
}

static int plain_families_refused(void)
{
    static const int families[] = {AF_INET, AF_INET6};
    int refused = 0;
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        refused += socket(families[i], SOCK_STREAM, 0) < 0;
    }
    return refused;
}

/* How many ways to another process there are. */
static int processes_made(void)
{
    int made = 0;
    made += syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0 || errno != EPERM;
    made += syscall(SYS_clone3, NULL, 0) >= 0 || errno != ENOSYS;
    made += syscall(SYS_execve, "/bin/true", NULL, NULL) == 0 || errno != EPERM;
    made += unshare(CLONE_NEWUSER) == 0 || errno != EPERM;
    return made;
}

static void note_done(void *ctx, const struct err *e)
{
    *(int *)ctx = e ? -1 : 1;
}

static void note_got(void *ctx, struct execution *x, const struct err *e)
{
    *(int *)ctx = !e && x ? 1 : -1;
    execution_unref(x);
}

static int wait_for(struct loop *loop, const int *done)
{
    struct err e;
    while (*done == 0 && loop_step(loop, UINT64_MAX, &e) == 0) {
    }
    return *done == 1 ? 0 : 1;
}

/* In the working directory: a store is made, written to and read. */
static int store_is_of_no_use(void)
{
    const struct store_config config = {.path = "store.db", .readers = 1};
    struct loop *loop = NULL;
    struct store *store = NULL;
    struct err e;
    if (loop_new(&loop, &e) < 0 || store_open(loop, &config, NULL, &store, &e) < 0) {
        fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    struct execution *x = execution_new();
    snprintf(x->id, sizeof(x->id), "one");
    snprintf(x->dialect, sizeof(x->dialect), "test");
    x->caller = xstrdup("127.0.0.1");
    x->request = xstrdup("{}");
    x->created_ns = 1;
    int inserted = 0, got = 0;
    store_insert(store, x, note_done, &inserted);
    int wrong = wait_for(loop, &inserted);
    store_get(store, "one", PARTS_ALL, note_got, &got);
    wrong += wait_for(loop, &got);
    execution_unref(x);
    store_close(store);
    loop_free(loop);
    return wrong;
}

struct earlier {
    sem_t filtered;
    int made;
};

static void *thread_of_before(void *ctx)
{
    struct earlier *t = ctx;
    sem_wait(&t->filtered);
    t->made = processes_made();
    return NULL;
}

static int made_by_an_earlier_thread(void)
{
    struct earlier t = {.made = -1};
    struct err e;
    pthread_t thread;
    sem_init(&t.filtered, 0, 0);
    if (pthread_create(&thread, NULL, thread_of_before, &t) != 0 || server_filter_load(&e) < 0) {
        return 255;
    }
    sem_post(&t.filtered);
    pthread_join(thread, NULL);
    return t.made;
}

static void filter_holds_threads_that_were_there_before_it(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(made_by_an_earlier_thread());
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void filter_leaves_the_store_and_its_threads(void **state)
{
    (void)state;
    char before[4096], folder[] = "/tmp/test-privileges-XXXXXX";
    struct err e;
    assert_non_null(getcwd(before, sizeof(before)));
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    int wrong = behind_filter(store_is_of_no_use);
    assert_int_equal(chdir(before), 0);
    int tmp = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(tree_remove(tmp, strrchr(folder, '/') + 1, &e), 0);
    close(tmp);
    assert_int_equal(wrong, 0);
}

static void filter_refuses_odd_socket_families(void **state)
{
    (void)state;
    assert_int_equal(behind_filter(odd_families_open), 0);
}

static void filter_leaves_plain_sockets(void **state)
{
    (void)state;
    assert_int_equal(behind_filter(plain_families_refused), 0);
}

static void filter_refuses_new_processes(void **state)
{
    (void)state;
    assert_int_equal(behind_filter(processes_made), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filter_refuses_odd_socket_families),
        cmocka_unit_test(filter_leaves_plain_sockets),
        cmocka_unit_test(filter_refuses_new_processes),
        cmocka_unit_test(filter_holds_threads_that_were_there_before_it),
        cmocka_unit_test(filter_leaves_the_store_and_its_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
