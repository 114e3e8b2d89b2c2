#pragma once
/*
 * stack - the network of one box: its frames on one side, sockets of ours on the other; libslirp
 * does the work between.
 */
struct egress_config;
struct err;

/* Takes what has to be opened before the fence is up.  `tap`: not blocking. */
struct stack;
int stack_new(const struct egress_config *config, int tap, int life, struct stack **ret,
              struct err *e);
/* Until the box is gone. */
void stack_run(struct stack *s);
