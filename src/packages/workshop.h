#pragma once
/*
 * workshop - the boxes in which packages are taken apart and set up: a boxd of our own, which ends
 * with it.  Whatever reads foreign bytes or runs foreign scripts does so in one of them.
 *
 * Blocks, running a loop of its own; SIGINT and SIGTERM end what runs with ERR_GONE.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;
struct config;
struct err;
struct stage;
struct tree_writer;
struct workshop;

int workshop_open(const struct config *config, int packages_fd, struct workshop **ret,
                  struct err *e);
void workshop_close(struct workshop *w); /* NULL is fine */
void workshop_closep(struct workshop **w);

/* What was printed, its last few lines, is put into the error when it fails. */
struct workshop_command {
    char *const *argv;
    char *const *env;                       /* after PATH, HOME=/tmp, LANG=C.UTF-8; NULL: none */
    uint64_t memory_bytes, wall_ns, cpu_ns; /* 0: what an installation may need */
    const struct buf *files; /* on a stage: a boxarchive for the command's directory; NULL: none */
    bool as_itself;          /* on a stage: not as root */
    bool on_host;            /* on a stage: over this host's own system, as the user that it is */
    /* Each line that it prints on stdout on a stage; may be NULL. */
    void (*said)(void *ctx, const char *line);
    void *said_ctx;
};

/*
 * Unpacks one archive (tar with any usual compression, zip, deb) that is read from `archive_fd`:
 * the tool belljar-unpack reads it in a box with the host's own tools, what it finds comes out as a
 * boxarchive stream, and the writer, which checks and counts, puts it into a tree.
 */
int workshop_unpack(struct workshop *w, int archive_fd, struct tree_writer *writer, struct err *e);
/* Likewise, with flags of belljar-unpack; NULL: none. */
int workshop_unpack_with(struct workshop *w, int archive_fd, char *const *flags,
                         struct tree_writer *writer, struct err *e);

/* Whose the files of this stage have to be (stage_tree.h): the user of its boxes. */
int workshop_stage_owner(struct workshop *w, const struct stage *stage, uid_t *ret, struct err *e);

/*
 * Runs a command in a box whose root can be written to: the stage's tree over `layers` (top first).
 * It is run as the owner of all that is there, root as far as it can see (src/asroot), without a
 * network.
 */
int workshop_run_on_stage(struct workshop *w, struct stage *stage, const uint32_t *layers,
                          size_t layer_count, const struct workshop_command *command,
                          struct err *e);

/* Runs a command in a box of these layers, as a job's would be; `files`: a boxarchive for its
 * directory, or NULL; its stdout (at most `max` bytes) is ret_output's, the end of its stderr
 * ret_said's (NULL: nobody's).  0 whatever its status. */
int workshop_run(struct workshop *w, const uint32_t *layers, size_t layer_count,
                 const struct workshop_command *command, const struct buf *files, const void *input,
                 size_t input_len, size_t max, struct buf *ret_output, struct buf *ret_said,
                 int *ret_status, struct err *e);
