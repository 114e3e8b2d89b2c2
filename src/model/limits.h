#pragma once
/*
 * limits - what one stage of a job may use.  0 means "none" only where a line says so.
 */
#include <stdint.h>

#define LIMIT_FILE_NOTHING UINT64_MAX

struct limits {
    uint64_t wall_ms;      /* 0: none */
    uint64_t cpu_ms;       /* all processes together; 0: none */
    uint64_t cpu_stop_ms;  /* when it is stopped; what ends by itself after cpu_ms is judged to have
                              passed the limit too; 0: at cpu_ms */
    uint64_t memory_bytes; /* files in /box and /tmp count too */
    uint64_t stack_bytes;  /* 0: unlimited (the memory limit holds) */
    uint64_t disk_bytes;   /* /box, /tmp and /dev/shm together */
    uint64_t disk_inodes;
    uint64_t file_bytes;    /* one file; 0: unlimited; LIMIT_FILE_NOTHING: not a byte */
    uint64_t address_bytes; /* address space of each process; 0: unlimited */
    uint64_t output_bytes;  /* each of stdout and stderr */
    uint32_t open_files;
    uint32_t processes;
    uint32_t cpu_milli; /* quota: 1000 is one CPU; 0: none */
};
