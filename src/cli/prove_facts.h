#pragma once
/*
 * prove_facts - what this host is called and known by, so that it can be looked for in what boxes
 * print.
 */
struct prove_facts; /* prove_check.h */

/* secret: a value in the server's environment. */
void prove_facts_read(const char *secret, struct prove_facts *ret);
void prove_facts_done(struct prove_facts *f);
