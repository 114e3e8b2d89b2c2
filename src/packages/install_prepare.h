#pragma once
/*
 * install_prepare - what makes an installed tool fast: as `belljar prepare` makes it for the
 * host's, but once and for all, in a layer of its own: {home}/prepared and {home}/prepared-base.
 */
struct err;
struct installation;
struct preparation;

/* Fills the stage, on the layers; `tool`: the path of {tool}. */
int install_prepare(const struct installation *in, const struct preparation *p, const char *tool,
                    struct err *e);
