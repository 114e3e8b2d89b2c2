/*
 * threat: D4
 * defence: the filter refuses bpf
 * tries: load a program, make a map, load type information, walk the host's programs
 * must: refused before the kernel looks at what is asked
 * shows: any other error than EPERM or ENOSYS comes from the kernel's verifier
 * off: filter
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
static void ask(const char *what, int command, union bpf_attr *attr)
{
    long r = syscall(SYS_bpf, command, attr, sizeof(*attr));
    if (r >= 0 || (errno != EPERM && errno != ENOSYS)) {
        printf("LEAK: %s: %ld, errno %d\n", what, r, r < 0 ? errno : 0);
    }
}
int main(void)
{
    struct bpf_insn code[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K}, {.code = BPF_JMP | BPF_EXIT}};
    union bpf_attr load = {.prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insn_cnt = 2};
    load.insns = (unsigned long)code;
    load.license = (unsigned long)"GPL";
    union bpf_attr map = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4};
    map.max_entries = 1;
    union bpf_attr none;
    memset(&none, 0, sizeof(none));
    union bpf_attr odd;
    memset(&odd, 0xff, sizeof(odd));
    ask("load", BPF_PROG_LOAD, &load);
    ask("map", BPF_MAP_CREATE, &map);
    ask("types", BPF_BTF_LOAD, &none);
    ask("next program", BPF_PROG_GET_NEXT_ID, &none);
    ask("no command", 9999, &odd);
    /* Some kernels ask for a right before all else; one that is asked with a bad pointer shows it.
     */
    if (syscall(SYS_bpf, BPF_PROG_LOAD, (void *)-1L, 4096) >= 0 || errno == EFAULT) {
        puts("LEAK: the kernel read the argument");
    }
    if (syscall(SYS_bpf, BPF_PROG_LOAD, &load, 1L << 20) >= 0 || errno == E2BIG) {
        puts("LEAK: the kernel read the size");
    }
    puts("held");
    return 0;
}
