#pragma once
/*
 * image_pull - an image of a registry, got by skopeo where that is installed.
 */
struct err;
struct stage;

/* 0 when it may be a registry's image: "docker.io/library/python:3.12-slim". */
int image_reference_check(const char *reference, struct err *e);
/* *ret_fd: its archive, a file in the stage.  ERR_UNSUPPORTED when there is no skopeo. */
int image_pull(const char *reference, const struct stage *stage, int *ret_fd, struct err *e);
