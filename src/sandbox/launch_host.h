#pragma once
/*
 * launch_host - what the host allows us.
 */
#include <stdbool.h>

/* uid 0 with the capabilities that boxes need, in whichever user namespace we are. */
bool host_is_privileged(void);
/* A number from a file below /proc/sys; -1 when there is none. */
long host_sysctl(const char *path);
/* The remedy, when a switch of this host keeps ordinary users from user namespaces; else NULL. */
const char *host_userns_obstacle(void);
