#pragma once
/*
 * runtimes_at - the catalogue of another host than this one: for tests.
 */
struct host_view;
struct log;
struct loop;
struct runtimes;
struct sandbox;

struct runtimes *runtimes_new_at(const struct host_view *view, struct loop *loop,
                                 struct sandbox *sandbox, const char *cache_path, int prepared_fd,
                                 int packages_fd, const struct log *log);
