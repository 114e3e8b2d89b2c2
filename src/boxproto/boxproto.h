#pragma once
/*
 * boxproto - what the server, boxd and the init of a box say to each other.
 *
 * Three SOCK_SEQPACKET sockets; one packet is one message; each message starts with
 * struct box_head and has exactly the size that box_msg_size() gives for its type, but for
 * BOX_MSG_DATA, which is shorter, and what begins a payload, which may be longer by the first bytes
 * of that.  Anything else ends the connection.
 *
 *   server <-> boxd   one for the life of the pair; many boxes, told apart by `box`
 *   boxd   <-> init   the watch socket, one per box (BOX_FD_WATCH in init)
 *   server <-> init   the control socket, one per box (BOX_FD_CONTROL in init); the server
 *                     makes the pair and sends one end with CREATE, so it can write its START
 *                     before the box exists and no answer is waited for
 *
 * One box, in order:
 *
 *   server -> boxd    CREATE box, layers, maxima          (+ control socket)
 *   server -> init    START argv, files, stdio ...        (+ payload, in it, in DATA, as a file)
 *   server -> boxd    START box, limits
 *                       boxd's child builds the box, asks for its id maps (MAPS), becomes init
 *   init   -> server  HELLO                               (+ stdin, stdout, stderr pipe ends)
 *                       a process of init's reads START and unpacks the files
 *   init   -> boxd    READY
 *   boxd   -> init    GO                                  (limits set, CPU base read, timers armed)
 *                       the program runs; a limit or KILL ends all of the box at once
 *   init   -> boxd    EXITED wait status                  (everything else in the box is dead)
 *   boxd   -> server  ENDED why, status, cpu, wall, peak
 *   init   -> server  PRODUCT                             (+ pipe, when START asked to collect)
 *   init   -> server  COLLECTED                           (all of it is in the pipe; or FAILED)
 *   server -> boxd    DESTROY
 *   boxd   -> server  DESTROYED                           (no process, leaf or mount is left)
 *
 * A limit or KILL ends all of the box, init among it, unless START said BOX_STOP_GENTLY: then init
 * is told to STOP, kills all but itself, and goes on with EXITED.
 *
 * FAILED may come from boxd at any moment after CREATE, instead of ENDED; the box then waits for
 * DESTROY.  Native byte order: all three are on one machine; a later guest agent speaks the same
 * frames over a stream.
 *
 * A box that was created and not started is a spare: that process waits.  A spare may be made warm:
 *
 *   server -> init    WARM argv, name to wait for ...     (+ payload)
 *                       the program starts, finds a FIFO under that name, and blocks as it opens it
 *   server -> init    START with BOX_START_WARMED, files  (and START to boxd, as always)
 *                       init stops the program, unlinks the FIFO, unpacks the files
 *   init   -> boxd    READY
 *   boxd   -> init    GO                                  (the program goes on: see init/warm.h)
 *
 * A warm-up that ends before GO makes init say FAILED.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define BOX_PROTO_VERSION 3
#define BOX_LAYERS_MAX    32
#define STORE_LAYER_FIRST 1000 /* of packages/store.h; ids below are those of boxd's catalogue */
#define BOX_PACKET_MAX    (UINT32_C(64) << 10)                       /* no packet is larger */
#define BOX_DATA_MAX      (BOX_PACKET_MAX - sizeof(struct box_head)) /* bytes of one DATA frame */

/* The ids of a box as its processes see them; group ids are the same numbers. */
#define BOX_INIT_UID 999  /* init: "belljar" in the box's passwd */
#define BOX_USER_UID 1000 /* the program: "runner" */

/* Descriptors that init finds open; its argv[1] is the number of ids that are mapped, "2" or "1",
 * and a "w" where the root is a stage, which the program writes to. */
enum { BOX_FD_WATCH = 3, BOX_FD_CONTROL = 4, BOX_FD_FILTER = 5 };

#define BOX_WORK_DIR "/box" /* the files of a job; cwd of its program */

enum box_msg {
    /* server -> boxd */
    BOX_MSG_CREATE = 1, /* + 1 descriptor: init's end of the control socket */
    BOX_MSG_START,
    BOX_MSG_KILL,
    BOX_MSG_DESTROY,
    /* boxd -> server */
    BOX_MSG_BOXD_HELLO, /* once, first */
    BOX_MSG_ENDED,
    BOX_MSG_FAILED, /* also init -> boxd, and init -> server */
    BOX_MSG_DESTROYED,
    /* boxd's child and init -> boxd */
    BOX_MSG_MAPS, /* the user namespace is there: write its id maps */
    BOX_MSG_READY,
    BOX_MSG_EXITED,
    /* boxd -> its child and init */
    BOX_MSG_MAPPED,
    BOX_MSG_GO,
    /* server -> init */
    BOX_MSG_INIT_START, /* + the payload's first bytes; payload or archive (with
                           BOX_START_PAYLOAD_FD, BOX_START_ARCHIVE_FD; a file that others read too:
                           by offset only), + 3 files (with BOX_STDIO_FILE) */
    BOX_MSG_DATA,       /* the next bytes of the payload */
    BOX_MSG_SIGNAL,     /* to the program's process group */
    BOX_MSG_RESIZE,
    /* init -> server */
    BOX_MSG_HELLO,     /* + 3: write end of stdin, read ends of stdout and stderr */
    BOX_MSG_STARTED,   /* with BOX_START_TELL or a pty: + 1: the pty's master, with BOX_STDIO_PTY */
    BOX_MSG_PRODUCT,   /* + 1: the read end of a pipe that carries a boxarchive; COLLECTED or FAILED
                          is on this socket before the pipe ends */
    BOX_MSG_COLLECTED, /* that archive is whole: EOF alone could also be the collector's death */
    /* server -> boxd */
    BOX_MSG_USAGE, /* what does the box use now? */
    /* boxd -> server */
    BOX_MSG_USED,
    /* boxd -> init */
    BOX_MSG_STOP, /* kill all in the box but yourself */
    /* server -> init */
    BOX_MSG_WARM, /* a box_init_start with its strings; descriptors as with INIT_START */
};

struct box_head {
    uint32_t type; /* enum box_msg */
    uint32_t box;  /* 0 .. boxes-1 towards boxd; 0 between init and the others */
};

/* --- server and boxd ------------------------------------------------------------------- */

enum box_class { BOX_CLASS_INTERACTIVE, BOX_CLASS_BATCH }; /* which cgroup parent */
/* EGRESS: a way out, where boxd was given one. */
enum box_network { BOX_NETWORK_LOOPBACK, BOX_NETWORK_EGRESS };

/* What a box can never pass.  boxd clamps each to the operator's maximum. */
struct box_maxima {
    uint64_t memory_bytes; /* of the program: boxd adds BOX_OVERHEAD_BYTES for init */
    uint64_t disk_bytes;   /* /box, /tmp and /dev/shm together; fixed for the box's life */
    uint64_t disk_inodes;
    uint32_t processes; /* of the program, threads count; init is not counted */
    uint32_t cpu_milli; /* quota: 1000 is one CPU; 0 is none */
};
#define BOX_OVERHEAD_BYTES (UINT64_C(2) << 20)

struct box_create {
    struct box_head head;
    uint32_t class;   /* enum box_class */
    uint32_t network; /* enum box_network */
    uint32_t filter;  /* class of the system call filter: 0 */
    uint32_t layer_count;
    uint32_t layers[BOX_LAYERS_MAX]; /* ids of boxd's catalogue or of the store, top first */
    struct box_maxima maxima;
};

struct box_start {
    struct box_head head;
    uint64_t wall_ns;         /* from GO; 0 is none */
    uint64_t cpu_ns;          /* of all processes together; 0 is none */
    struct box_maxima maxima; /* lower than at CREATE or the same; disk_* are not looked at */
    uint32_t flags;           /* enum box_stop_flag */
    uint32_t reserved;
};

/* What the program leaves is wanted also when a limit of time or output ends it: see STOP. */
enum box_stop_flag { BOX_STOP_GENTLY = 1 << 0 };

enum box_kill_cause { BOX_KILL_CANCEL, BOX_KILL_OUTPUT };
struct box_kill {
    struct box_head head;
    uint32_t cause;
};

struct box_destroy {
    struct box_head head;
};

enum box_end {
    BOX_END_EXIT, /* wait_status holds what the program did */
    BOX_END_WALL,
    BOX_END_CPU,
    BOX_END_MEMORY,
    BOX_END_OUTPUT,
    BOX_END_CANCEL,
    BOX_END_LOST, /* init ended and nobody knows why: an internal error */
};

struct box_ended {
    struct box_head head;
    uint32_t end;         /* enum box_end */
    int32_t wait_status;  /* as waitpid(2) gives it; of the program */
    uint64_t wall_ns;     /* from GO to the end */
    uint64_t cpu_ns;      /* user and system, all processes, since GO */
    uint64_t memory_peak; /* bytes; 0 where this host cannot tell */
    uint64_t start_ns;    /* from START to GO; 0: there was no GO */
    uint32_t oom_kills;
    uint32_t process_limit_hits;
};

struct box_failed {
    struct box_head head;
    struct err err;
};

struct box_destroyed {
    struct box_head head;
};

struct box_usage {
    struct box_head head;
};
struct box_used {
    struct box_head head;
    uint64_t memory_bytes; /* now, init's too, also of a spare; 0 where this host cannot tell */
    uint64_t cpu_ns;       /* since GO; likewise */
};

/* What this host gives: the rows of `belljar doctor`. */
enum box_feature {
    BOX_FEATURE_ROOT = 1 << 0,       /* started as root, not in a user namespace of its own */
    BOX_FEATURE_TWO_IDS = 1 << 1,    /* init and program have ids of their own */
    BOX_FEATURE_UNIQUE_IDS = 1 << 2, /* each box slot has host ids that nobody else has */
    BOX_FEATURE_MEMORY = 1 << 3,     /* cgroup memory limit */
    BOX_FEATURE_PIDS = 1 << 4,       /* cgroup process limit */
    BOX_FEATURE_CPU = 1 << 5,        /* cgroup CPU accounting */
    BOX_FEATURE_CPU_QUOTA = 1 << 6,
    BOX_FEATURE_MEMORY_PEAK = 1 << 7,
    BOX_FEATURE_SWAP = 1 << 8,        /* swap is limited too, or there is none */
    BOX_FEATURE_CGROUP_KILL = 1 << 9, /* v2, Linux 5.14 */
    BOX_FEATURE_CLONE_INTO = 1 << 10, /* CLONE_INTO_CGROUP */
    BOX_FEATURE_SECCOMP = 1 << 11,
    BOX_FEATURE_LANDLOCK = 1 << 12, /* ABI 2 or later */
    BOX_FEATURE_OVERLAY = 1 << 13,  /* each box has inodes of its own */
    BOX_FEATURE_DEVICES = 1 << 14,  /* own device nodes */
    BOX_FEATURE_PROC = 1 << 15,     /* a fresh /proc can be mounted */
    BOX_FEATURE_NETNS = 1 << 16,
    BOX_FEATURE_TIMENS = 1 << 17,
    BOX_FEATURE_NESTED_OFF = 1 << 18, /* user namespaces inside a box are at 0 by sysctl */
    BOX_FEATURE_MOUNT_API = 1 << 19,  /* fsopen, move_mount, mount_setattr */
};

enum box_cgroup { BOX_CGROUP_NONE, BOX_CGROUP_V1, BOX_CGROUP_V2 };

struct box_boxd_hello {
    struct box_head head;
    uint32_t version;  /* BOX_PROTO_VERSION */
    uint32_t features; /* enum box_feature, or-ed */
    uint32_t cgroup;   /* enum box_cgroup */
    uint32_t landlock_abi;
    uint32_t boxes; /* how many may exist at once */
    char kernel[64];
};

/* --- boxd and init ------------------------------------------------------------------------ */

struct box_maps {
    struct box_head head;
};
struct box_mapped {
    struct box_head head;
};
struct box_ready {
    struct box_head head;
};

struct box_go {
    struct box_head head;
};

struct box_stop {
    struct box_head head;
};

struct box_exited {
    struct box_head head;
    int32_t wait_status;
    uint32_t reserved;
    uint64_t wall_ns;
    uint64_t cpu_ns;  /* from wait4: where there is no cgroup */
    uint64_t max_rss; /* bytes, likewise */
};

/* --- server and init ---------------------------------------------------------------------- */

enum box_stdio { BOX_STDIO_PIPE, BOX_STDIO_FILE, BOX_STDIO_PTY };

enum box_start_flag {
    BOX_START_PAYLOAD_FD = 1 << 0, /* the payload is a file; else it is in START and DATA */
    BOX_START_MERGE_STDERR = 1 << 1,
    BOX_START_TELL = 1 << 2,    /* send STARTED */
    BOX_START_COLLECT = 1 << 3, /* send PRODUCT: what the collect strings name */
    BOX_START_ARCHIVE_FD =
        1 << 4, /* the archive alone is a file; the strings are in START and DATA */
    /* What cannot be collected is left out, and COLLECTED says so; regular files only, and
     * collect_bytes bounds their data alone. */
    BOX_START_COLLECT_SOME = 1 << 5,
    /* The program is there since WARM: no argv, env, stdio, rlimits. */
    BOX_START_WARMED = 1 << 6,
};

/*
 * The payload is `strings_bytes` of NUL-ended strings: argc arguments, envc "KEY=value",
 * collectc path names below BOX_WORK_DIR ("." is all of it; * and ? match within one name); then
 * `archive_bytes` of a boxarchive, unpacked into BOX_WORK_DIR.  argv[0] is looked up in the PATH of
 * that environment unless it has a slash.
 *
 * WARM has no archive, one string to collect, which is the name to wait for (BOX_WAIT_NAME_MAX
 * bytes of box_wait_name_ok), and of the flags PAYLOAD_FD and MERGE_STDERR alone.
 *
 * After GO, FAILED with ERR_UNSUPPORTED says that the program's own file cannot be executed (no
 * binary of this machine, not executable, its interpreter missing); nothing else has that kind.
 */
struct box_init_start {
    struct box_head head;
    uint32_t flags;
    uint32_t stdio; /* enum box_stdio */
    uint32_t argc, envc, collectc;
    uint32_t strings_bytes; /* at most BOX_STRINGS_MAX */
    uint64_t archive_bytes;
    uint64_t stack_bytes;   /* RLIMIT_STACK; 0: unlimited */
    uint64_t file_bytes;    /* RLIMIT_FSIZE; 0: unlimited; BOX_FILE_NOTHING: not a byte */
    uint64_t address_bytes; /* RLIMIT_AS; 0: unlimited */
    uint64_t cpu_s; /* RLIMIT_CPU, a backstop of the limit that boxd watches; 0: unlimited */
    uint64_t collect_bytes; /* PRODUCT is cut off with an error beyond */
    uint32_t open_files;    /* RLIMIT_NOFILE */
    uint32_t processes;     /* RLIMIT_NPROC; 0: unlimited */
    uint16_t rows, columns; /* of a pty */
    uint32_t data_mib;      /* RLIMIT_DATA; 0: unlimited */
};
#define BOX_FILE_NOTHING      UINT64_MAX
#define BOX_STRINGS_MAX       (UINT32_C(2) << 20)
#define BOX_STRINGS_COUNT_MAX (UINT32_C(64) << 10)

struct box_signal {
    struct box_head head;
    int32_t signo;
};

struct box_resize {
    struct box_head head;
    uint16_t rows, columns;
};

struct box_hello {
    struct box_head head;
};
struct box_started {
    struct box_head head;
};
struct box_product {
    struct box_head head;
};
struct box_collected {
    struct box_head head;
    uint32_t missed; /* with BOX_START_COLLECT_SOME: not all that was named */
    uint32_t reserved;
};
/* Of the heads and paths in an archive of BOX_START_COLLECT_SOME, in bytes. */
#define BOX_COLLECT_HEADS_MAX (UINT32_C(1) << 20)

#define BOX_WAIT_NAME_MAX 128
/* Of one file in BOX_WORK_DIR: letters, digits, '_', '.' and '-', neither of the last two first. */
bool box_wait_name_ok(const char *name);

/* The exact size of a message; 0 for an unknown type and for DATA. */
size_t box_msg_size(uint32_t type);
/* Whether `len` bytes at `data` are one well-formed message of a type within `types_mask`
   (bit 1 << type). */
bool box_msg_check(const void *data, size_t len, uint32_t types_mask);
const char *box_msg_name(uint32_t type);
