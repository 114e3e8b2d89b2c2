#pragma once
/*
 * launch_ids - which user and group ids this process may give to boxes.
 *
 * The parsers are pure functions of the text of /proc/<pid>/uid_map, /etc/subuid and /etc/passwd.
 */
#include <stdbool.h>
#include <stdint.h>

struct err;

#define IDS_WINDOW                                                                                 \
    4096 /* ids of one instance: two a box; the last are egress' and the server's                  \
          */

struct id_range {
    uint32_t first, count;
};

/* The user namespace that we are in. */
struct host_ids {
    bool initial;       /* every id is mapped to itself: the host's own namespace */
    uint32_t real_uid;  /* what our id is called outside */
    uint32_t own_count; /* ids 1 .. own_count are mapped too, for users and groups alike */
};

int host_ids_read(struct host_ids *ret, struct err *e);

/* `text` of a uid_map: how many ids from `first` on are mapped without a gap. */
uint32_t id_map_run(const char *text, uint32_t first);
bool id_map_is_whole(const char *text);
/* What `inside` is called outside; false when it is not mapped. */
bool id_map_outside(const char *text, uint32_t inside, uint32_t *ret);

/* `text` of /etc/subuid: the largest range of this user; false when there is none. */
bool subid_find(const char *text, const char *name, uint32_t uid, struct id_range *ret);
bool subid_overlaps(const char *text, struct id_range window, struct id_range *ret);
/* `text` of /etc/passwd or /etc/group. */
bool account_overlaps(const char *text, struct id_range window, uint32_t *ret_id);

/* ERR_BUSY, naming who has it, when an id of the window belongs to somebody on this host. */
int id_window_check(struct id_range window, struct err *e);
