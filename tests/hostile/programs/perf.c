/*
 * threat: D4
 * defence: the filter refuses perf_event_open
 * tries: count cycles, page faults and trace points of itself and of a whole CPU; read counters
 * must: refused; the counters cannot be read by an instruction either
 * shows: perf tells what neighbours do, and its code is a way into the kernel
 * off: filter
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
static void ask(const char *what, unsigned type, unsigned long config, int pid, int cpu)
{
    struct perf_event_attr attr = {.type = type, .size = sizeof(attr), .config = config};
    attr.exclude_kernel = 1;
    attr.exclude_hv = 1;
    long r = syscall(SYS_perf_event_open, &attr, pid, cpu, -1, 0);
    if (r >= 0 || (errno != EPERM && errno != ENOSYS)) {
        printf("LEAK: %s: %ld, errno %d\n", what, r, r < 0 ? errno : 0);
    }
}
static void refused(int signo)
{
    static const char held[] = "held\n";
    (void)signo;
    _exit(write(1, held, sizeof(held) - 1) < 0);
}
int main(void)
{
    ask("cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, 0, -1);
    ask("faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, 0, -1);
    ask("clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK, 0, -1);
    ask("a CPU", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES, -1, 0);
    ask("init", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, 1, -1);
    ask("a trace point", PERF_TYPE_TRACEPOINT, 1, 0, -1);
    fflush(stdout);
#ifdef __x86_64__
    unsigned low, high;
    signal(SIGSEGV, refused);
    signal(SIGILL, refused);
    __asm__ volatile("rdpmc" : "=a"(low), "=d"(high) : "c"(0));
    printf("LEAK: a counter: %u %u\n", low, high);
#else
    refused(0);
#endif
    return 0;
}
