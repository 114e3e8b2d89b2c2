/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/router.h"

static void handler(struct http_request *r, void *ctx)
{
    (void)r;
    (void)ctx;
}

static const struct http_route piston_routes[] = {
    {HTTP_GET, "/api/v2/runtimes", handler, ROUTE_ANY_CASE, ""},
    {HTTP_POST, "/api/v2/execute", handler, ROUTE_ANY_CASE, ""},
    {HTTP_GET, "/api/v2/packages", handler, ROUTE_ANY_CASE, ""},
    {HTTP_POST, "/api/v2/packages", handler, ROUTE_ANY_CASE, ""},
    {HTTP_DELETE, "/api/v1/packages/{language}/{version}", handler, ROUTE_ANY_CASE, ""},
};
static const char *const piston_prefixes[] = {"/api/v2/", "/api/v1/execute", NULL};
static const struct http_dialect piston = {"piston", piston_prefixes, piston_routes, 5, NULL, NULL,
                                           NULL};

static const struct http_route own_routes[] = {
    {HTTP_GET, "/", handler, 0, ""},
    {HTTP_GET, "/health", handler, 0, ""},
};
static const char *const own_prefixes[] = {"/", NULL};
static const struct http_dialect own = {"own", own_prefixes, own_routes, 2, NULL, NULL, NULL};
static const struct http_dialect *const all[] = {&own, &piston};

static void test_longest_prefix_of_whole_segments_wins(void **state)
{
    (void)state;
    assert_ptr_equal(router_dialect(all, 2, "/api/v2/execute"), &piston);
    assert_ptr_equal(router_dialect(all, 2, "/API/V2/x"), &piston);
    assert_ptr_equal(router_dialect(all, 2, "/api/v1/execute"), &piston);
    assert_ptr_equal(router_dialect(all, 2, "/api/v1/execute/"), &piston);
    assert_ptr_equal(router_dialect(all, 2, "/api/v1/executions"), &own);
    assert_ptr_equal(router_dialect(all, 2, "/"), &own);
    assert_ptr_equal(router_dialect(all, 2, "*"), &own);
}

static void test_find_tells_route_and_all_methods(void **state)
{
    (void)state;
    struct router_match m = router_find(&piston, "/api/v2/packages", HTTP_POST);
    assert_ptr_equal(m.route, &piston_routes[3]);
    assert_int_equal(m.methods, HTTP_GET | HTTP_POST);
    m = router_find(&piston, "/api/v2/execute", HTTP_GET);
    assert_null(m.route);
    assert_int_equal(m.methods, HTTP_POST);
    m = router_find(&piston, "/api/v2/nothing", HTTP_GET);
    assert_int_equal(m.methods, 0);
}

static void test_any_case_takes_case_and_trailing_slash(void **state)
{
    (void)state;
    assert_non_null(router_find(&piston, "/API/v2/Runtimes/", HTTP_GET).route);
    assert_null(router_find(&piston, "/api/v2/runtimes//", HTTP_GET).route);
    assert_null(router_find(&own, "/Health", HTTP_GET).route);
    assert_null(router_find(&own, "/health/", HTTP_GET).route);
    assert_non_null(router_find(&own, "/", HTTP_GET).route);
}

static void test_params_are_decoded(void **state)
{
    (void)state;
    struct router_match m = router_find(&piston, "/api/v1/packages/c%2b%2B/10.2.0", HTTP_DELETE);
    assert_non_null(m.route);
    assert_int_equal(m.param_count, 2);
    assert_string_equal(m.params[0].name, "language");
    assert_string_equal(m.params[0].value, "c++");
    assert_string_equal(m.params[1].value, "10.2.0");
}

static void test_broken_params_match_nothing(void **state)
{
    (void)state;
    static const char *const bad[] = {"%00", "%", "%4", "%zz", "a%0", ""};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char path[100];
        snprintf(path, sizeof(path), "/api/v1/packages/%s/1", bad[i]);
        assert_null(router_find(&piston, path, HTTP_DELETE).route);
    }
}

static const struct http_route rails_routes[] = {
    {HTTP_GET, "/jobs/batch", handler, 0, ""},
    {HTTP_GET | HTTP_DELETE, "/jobs/{id}", handler, 0, ""},
    {HTTP_POST, "/jobs", handler, 0, ""},
};
static const char *const rails_prefixes[] = {"/jobs", NULL};
static const struct http_dialect rails = {.name = "rails",
                                          .prefixes = rails_prefixes,
                                          .routes = rails_routes,
                                          .route_count = 3,
                                          .flags = DIALECT_RAILS};

static void test_rails_takes_a_suffix_and_slashes(void **state)
{
    (void)state;
    static const char *const good[] = {"/jobs",       "/jobs/", "/jobs.json",
                                       "/jobs.json/", "//jobs", "/jobs//"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_ptr_equal(router_find(&rails, good[i], HTTP_POST).route, &rails_routes[2]);
    }
    assert_null(router_find(&rails, "/jobs.xml", HTTP_POST).route);
    assert_null(router_find(&rails, "/Jobs", HTTP_POST).route);
    assert_null(router_find(&rails, "/jobs.json/batch", HTTP_GET).route);
    assert_ptr_equal(router_find(&rails, "/jobs/batch.json", HTTP_GET).route, &rails_routes[0]);
    struct router_match m = router_find(&rails, "/jobs//abc.json", HTTP_DELETE);
    assert_ptr_equal(m.route, &rails_routes[1]);
    assert_string_equal(m.params[0].value, "abc");
}

static void test_rails_paths_belong_to_their_dialect(void **state)
{
    (void)state;
    static const struct http_dialect *const both[] = {&own, &rails};
    assert_ptr_equal(router_dialect(both, 2, "/jobs.json"), &rails);
    assert_ptr_equal(router_dialect(both, 2, "//jobs/"), &rails);
    assert_ptr_equal(router_dialect(both, 2, "/jobsite"), &own);
    assert_ptr_equal(router_dialect(both, 2, "//"), &own);
    assert_ptr_equal(router_dialect(all, 2, "//api/v2/x"), &own);
    assert_ptr_equal(router_dialect(all, 2, "/api/v1/execute.json"), &own);
}

static void test_split_target_takes_paths_and_urls(void **state)
{
    (void)state;
    char path[64], host[64];
    assert_true(router_split_target("/a/b?c=d#e", path, sizeof(path), host, sizeof(host)));
    assert_string_equal(path, "/a/b");
    assert_string_equal(host, "");
    assert_true(router_split_target("HTTP://h:80/x?y", path, sizeof(path), host, sizeof(host)));
    assert_string_equal(path, "/x");
    assert_string_equal(host, "h:80");
    assert_true(router_split_target("http://h?y", path, sizeof(path), host, sizeof(host)));
    assert_string_equal(path, "/");
    assert_true(router_split_target("*", path, sizeof(path), host, sizeof(host)));
}

static void test_split_target_refuses_the_rest(void **state)
{
    (void)state;
    char path[8], host[8];
    assert_false(router_split_target("x", path, sizeof(path), host, sizeof(host)));
    assert_false(router_split_target("ftp://h/", path, sizeof(path), host, sizeof(host)));
    assert_false(router_split_target("http:///x", path, sizeof(path), host, sizeof(host)));
    assert_false(router_split_target("http://longhost/", path, sizeof(path), host, sizeof(host)));
    assert_false(router_split_target("/toolong8", path, sizeof(path), host, sizeof(host)));
}

static void test_allow_names_methods(void **state)
{
    (void)state;
    char text[64];
    router_allow(HTTP_GET | HTTP_POST | HTTP_DELETE, text, sizeof(text));
    assert_string_equal(text, "GET,HEAD,POST,DELETE");
    router_allow(0, text, sizeof(text));
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_longest_prefix_of_whole_segments_wins),
        cmocka_unit_test(test_find_tells_route_and_all_methods),
        cmocka_unit_test(test_any_case_takes_case_and_trailing_slash),
        cmocka_unit_test(test_params_are_decoded),
        cmocka_unit_test(test_broken_params_match_nothing),
        cmocka_unit_test(test_rails_takes_a_suffix_and_slashes),
        cmocka_unit_test(test_rails_paths_belong_to_their_dialect),
        cmocka_unit_test(test_split_target_takes_paths_and_urls),
        cmocka_unit_test(test_split_target_refuses_the_rest),
        cmocka_unit_test(test_allow_names_methods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
