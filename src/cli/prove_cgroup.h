#pragma once
/*
 * prove_cgroup - leaves a delegated cgroup to the server that is proven.
 *
 * As `belljar serve` it divides the cgroup v2 that it is alone in (systemd-run --user --scope
 * -p Delegate=yes, or a container).  `belljar prove` would be in its way there, so it moves into a
 * child of that cgroup first, and the server back into the cgroup.
 */

struct prove_cgroup {
    int fd; /* of the cgroup; -1: it is not ours to divide */
};

void prove_cgroup_leave(struct prove_cgroup *ret);
void prove_cgroup_enter(const struct prove_cgroup *g); /* in the server's process */
void prove_cgroup_done(struct prove_cgroup *g);        /* back, when the server has ended */
