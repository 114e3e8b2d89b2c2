/* SPDX-License-Identifier: Apache-2.0 */
/* A server whose certificate nobody vouches for, on a thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/client.h"

#define DAY_S 86400

struct server {
    SSL_CTX *tls;
    int fd;
    uint16_t port;
    pthread_t thread;
    int heard; /* bytes of a request */
};

static X509 *certificate_make(EVP_PKEY *key)
{
    X509 *cert = X509_new();
    X509_NAME *name = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1,
                               0);
    X509_set_issuer_name(cert, name);
    X509_gmtime_adj(X509_getm_notBefore(cert), -DAY_S);
    X509_gmtime_adj(X509_getm_notAfter(cert), DAY_S);
    X509_set_pubkey(cert, key);
    X509_sign(cert, key, EVP_sha256());
    return cert;
}

static void *serve(void *ctx)
{
    struct server *s = ctx;
    char request[4096];
    int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
    SSL *ssl = SSL_new(s->tls);
    SSL_set_fd(ssl, fd);
    s->heard = SSL_accept(ssl) == 1 ? SSL_read(ssl, request, sizeof(request)) : 0;
    SSL_free(ssl);
    fd_close(fd);
    return NULL;
}

static void server_start(struct server *s)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(sa);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = certificate_make(key);
    s->tls = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate(s->tls, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(s->tls, key), 1);
    X509_free(cert);
    EVP_PKEY_free(key);
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->fd, (const struct sockaddr *)&sa, len), 0);
    assert_int_equal(listen(s->fd, 1), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&sa, &len), 0);
    s->port = ntohs(sa.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_join(struct server *s)
{
    pthread_join(s->thread, NULL);
    fd_close(s->fd);
    SSL_CTX_free(s->tls);
}

struct outcome {
    bool done;
    unsigned status;
    struct err err;
};

static void on_done(void *ctx, unsigned status, uint64_t retry_after_s, const struct err *e)
{
    struct outcome *o = ctx;
    (void)retry_after_s;
    *o = (struct outcome){true, status, *e};
}

static void put(const char *url, struct outcome *ret)
{
    static const char *const allow[] = {"127.0.0.1", NULL};
    const struct client_config config = {allow, 4};
    const struct client_request r = {
        .method = "PUT", .url = url, .body = "secret", .body_len = 6, .timeout_ms = 60000};
    struct loop *loop = NULL;
    struct client *client = NULL;
    struct err e = {0};
    assert_int_equal(loop_new(&loop, &e), 0);
    assert_int_equal(client_new(loop, &config, NULL, &client, &e), 0);
    client_send(client, &r, on_done, ret);
    while (!ret->done) {
        assert_int_equal(loop_step(loop, UINT64_MAX, &e), 0);
    }
    client_free(client);
    loop_free(loop);
}

static void send_tells_nothing_to_a_server_nobody_vouches_for(void **state)
{
    (void)state;
    struct server s = {0};
    struct outcome o = {0};
    signal(SIGPIPE, SIG_IGN);
    server_start(&s);
    AUTO(mem_freep) char *url = xasprintf("https://localhost:%u/", s.port);

    put(url, &o);
    server_join(&s);

    assert_int_equal(o.status, 0);
    assert_int_equal(o.err.kind, ERR_IO);
    assert_non_null(strstr(o.err.text, "certificate"));
    assert_true(s.heard <= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(send_tells_nothing_to_a_server_nobody_vouches_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
