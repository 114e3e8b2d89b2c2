/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to elsewhere behind the server's own system call filter: libcurl looks names up on
 * threads, and OpenSSL sets itself up there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/loop.h"
#include "cli/server_filter.h"
#include "client/client.h"
#include "peer.h"

struct outcome {
    int count;
    unsigned status;
};

static void on_done(void *ctx, unsigned status, uint64_t retry_after_s, const struct err *e)
{
    struct outcome *o = ctx;
    (void)retry_after_s;
    o->count++;
    o->status = status;
    if (status == 0) {
        fprintf(stderr, "%s\n", e->text);
    }
}

/* Whether one request to `host` is answered, in a child behind the filter. */
static bool answered_behind_filter(const char *host)
{
    static const char *const allow[] = {"127.0.0.1", NULL};
    const struct client_config config = {allow, 4};
    pid_t pid = fork();
    if (pid == 0) {
        struct loop *loop = NULL;
        struct client *client = NULL;
        struct outcome o = {0};
        struct err e = {0};
        int r = loop_new(&loop, &e);
        r = r < 0 ? r : client_new(loop, &config, NULL, &client, &e);
        struct peer *peer = peer_new(loop);
        r = r < 0 ? r : server_filter_load(&e);
        const struct client_request request = {
            .method = "PUT", .url = peer_url(peer, host, "/"), .timeout_ms = 60000};
        peer_answer_status(peer, 200, "");
        client_send(client, &request, on_done, &o);
        while (r == 0 && o.count == 0) {
            r = loop_step(loop, UINT64_MAX, &e);
        }
        _exit(r == 0 && o.status == 200 ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void send_to_an_address_works(void **state)
{
    (void)state;
    assert_true(answered_behind_filter("127.0.0.1"));
}

static void send_to_a_name_works(void **state)
{
    (void)state;
    assert_true(answered_behind_filter("a.test"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(send_to_an_address_works),
        cmocka_unit_test(send_to_a_name_works),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
