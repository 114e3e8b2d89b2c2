#pragma once
/*
 * server_process - the unprivileged process that answers requests, and what it and its parent say
 * to each other.
 *
 *   parent -> server   SERVER_BOXD (+ 1: a connection to a new boxd), SERVER_DRAIN
 *   server -> parent   SERVER_READY, once; then SERVER_AUDIT
 *
 * One packet is one struct server_message.  EOF from the parent ends the server.
 */
#include <stdint.h>

#include "api/audit.h"

struct config;
struct log;

enum server_message_type { SERVER_BOXD = 1, SERVER_DRAIN, SERVER_READY, SERVER_AUDIT };

struct server_message {
    uint32_t type;
    union {
        char addresses[1024]; /* SERVER_READY: "127.0.0.1:2358\n...", what is listened on */
        struct audit_act act; /* SERVER_AUDIT */
    };
};

struct server_start {
    const struct config *config;
    int boxd_sock, parent_sock, data_fd; /* taken */
    int unzip_fd;                        /* belljar-unzip; -1: there is none; taken */
    int prepared_fd;         /* of what `belljar prepare` makes; -1: there is none; taken */
    int packages_fd;         /* of the package store; -1: there is none; taken */
    int steward_sock;        /* where changes of packages are asked for; taken */
    const char *cgroup_lack; /* instance_cgroup_lack */
    const struct log *log;
};

/* The life of the process; gives its exit status. It has dropped its privileges already. */
int server_run(const struct server_start *start);
