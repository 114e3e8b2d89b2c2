#pragma once
/*
 * host_runtime - a runtime made from a recipe and the paths of this host's tools.
 */
struct recipe;
struct host_tool;
struct host_view;
struct runtime;

/* NULL when another program that the recipe needs is not there.  `prepared_fd`: where what
 * `belljar prepare` made is; -1: nowhere. */
struct runtime *host_runtime_new(const struct host_view *view, const struct recipe *recipe,
                                 const struct host_tool *tool, int prepared_fd);
