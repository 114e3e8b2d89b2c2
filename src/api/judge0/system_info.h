#pragma once
/*
 * system_info - this host as lscpu and free describe it: their labels and their forms, read from
 * where they read it, because this process starts no programs.
 *
 * Left out on purpose: what is asked of the CPU itself or of firmware (Hypervisor vendor,
 * Virtualization type, BIOS names), frequencies and "Frequency boost", which change or vary by CPU,
 * "Off-line CPU(s) list", and books and drawers of mainframes.
 */
#include <jansson.h>
#include <stdint.h>

json_t *system_info_json(void); /* label -> text, in lscpu's order, then Mem and Swap */

#define SYSTEM_TEXT_MAX 24
/* "23Gi", "8.6Mi", "0B": as `free -h` says it. */
void system_info_memory(uint64_t bytes, char ret[SYSTEM_TEXT_MAX]);
/* "2.5 MiB": as lscpu says it. */
void system_info_cache(uint64_t bytes, char ret[SYSTEM_TEXT_MAX]);
/* The kernel's "0-1,4-7" as lscpu's "0,1,4-7"; the caller frees. */
char *system_info_cpus(const char *list);
