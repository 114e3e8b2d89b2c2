#pragma once
/*
 * host - what the configuration says about the sandbox of this host, in the words of launch.h.
 */
#include <stdbool.h>

#include "base/log.h"
#include "sandbox/launch.h"

struct box_boxd_hello;
struct config;
struct egress_config;
struct err;

/* Where this process logs to: stderr, as configured. */
struct log host_log(const struct config *config, const char *process);
/* engine.slots and engine.boxes, with their defaults worked out. */
unsigned host_cores(void); /* that this process may use */
unsigned host_slots(const struct config *config);
unsigned host_boxes(const struct config *config);
/* Points into config; `log` outlives it. */
void host_launch_config(const struct config *config, const struct log *log,
                        struct launch_config *ret);
/* What network.* says; NULL where it says that boxes have no network.  free() ends it. */
int host_egress(const struct config *config, struct egress_config **ret, struct err *e);
/* sandbox.require; auto is full as the host's root, and none as an ordinary user. */
enum sandbox_require host_require(const struct config *config, const struct box_boxd_hello *hello);
/* Submissions are on disk; else in the memory of the server process. */
bool host_keeps(const struct config *config);
/* More open files, as far as this process may: connections and boxes take several each. */
void host_open_files(const struct config *config);
/* The doctor's table on stderr: what a start that fails prints. */
void host_table_print(const struct box_boxd_hello *hello, const char *cgroup_lack);
