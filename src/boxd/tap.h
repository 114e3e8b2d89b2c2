#pragma once
/*
 * tap - the device of a box that has a network: frames that its programs send come out of the
 * descriptor, which belljar-egress gets (boxproto/egress_config.h has the addresses).
 */
struct err;

/* In the network namespace that the caller is in, which is a box's; "eth0", up, with its routes. */
int tap_make(int *ret_fd, struct err *e);
