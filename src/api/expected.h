#pragma once
/*
 * expected - tells the engine which programs will be asked for, so that spare boxes for them are
 * there from the start: one of each language of pool.keep, as the native API and Piston's run it.
 */
struct api;
struct expected;

/* Also keeps the engine's spares to what is installed: listens to api->runtimes. */
struct expected *expected_new(struct api *api);
void expected_free(struct expected *x); /* before api->runtimes; NULL is fine */
