# SPDX-License-Identifier: Apache-2.0
"""The programs whose figures and ends are compared with references."""

MIB = 1 << 20

# What main() does; `began` is set before, tell(began, others, touched) follows.
CPU = {
    "burn": "burn(0.06);",
    "system calls": "for (int i = 0; i < 60000; i++) { char c; if (pread(0, &c, 0, 0) > 0) abort(); getppid(); }",
    "page faults": "for (int i = 0; i < 8; i++) { char *p = mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); touch(p, 8 << 20); munmap(p, 8 << 20); }",
    "children": "for (int i = 0; i < 4; i++) if (fork() == 0) { burn(0.02); _exit(0); } while (wait(NULL) > 0) { }",
    "a chain of children": "pid_t p = fork(); if (p == 0) { pid_t q = fork(); if (q == 0) { burn(0.03); _exit(0); } waitpid(q, NULL, 0); burn(0.02); _exit(0); } waitpid(p, NULL, 0);",
    "short children": "for (int i = 0; i < 150; i++) { pid_t p = fork(); if (p == 0) _exit(0); waitpid(p, NULL, 0); }",
    "threads": "pthread_t t[3]; for (int i = 0; i < 3; i++) pthread_create(&t[i], NULL, thread, NULL); for (int i = 0; i < 3; i++) pthread_join(t[i], NULL);",
    "an orphan": "int p[2]; double d = 0; if (pipe(p)) abort(); if (fork() == 0) { if (fork() == 0) { close(p[0]); burn(0.04); d = cpu_of(RUSAGE_SELF); if (write(p[1], &d, sizeof d) < 0) abort(); pause(); } _exit(0); } wait(NULL); if (read(p[0], &d, sizeof d) != sizeof d) abort(); others = d;",
    "a pipe between two": "int a[2], b[2]; char c = 0; if (pipe(a) || pipe(b)) abort(); pid_t p = fork(); if (p == 0) { for (int i = 0; i < 2000; i++) { if (read(a[0], &c, 1) != 1 || write(b[1], &c, 1) != 1) _exit(1); } _exit(0); } for (int i = 0; i < 2000; i++) { if (write(a[1], &c, 1) != 1 || read(b[0], &c, 1) != 1) abort(); } waitpid(p, NULL, 0);",
    "sleep": "struct timespec t = {0, 120000000}; nanosleep(&t, NULL);",
    "sleep and burn": "burn(0.02); struct timespec t = {0, 50000000}; nanosleep(&t, NULL); burn(0.02);",
    "exec": "pid_t p = fork(); if (p == 0) { execl(\"/usr/bin/sh\", \"sh\", \"-c\", \"i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done\", NULL); _exit(1); } waitpid(p, NULL, 0);",
}

# Bytes that are in use at one time, and how.
MEMORY = {
    "heap": (48 * MIB, "char *p = malloc(bytes); touch(p, bytes);"),
    "anonymous": (32 * MIB, "char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); touch(p, bytes);"),
    "shared": (32 * MIB, "char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0); touch(p, bytes);"),
    "memfd": (24 * MIB, "int f = memfd_create(\"x\", 0); if (ftruncate(f, (off_t)bytes)) abort(); char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0); touch(p, bytes);"),
    "a file": (24 * MIB, "int f = open(\"file\", O_CREAT | O_RDWR, 0600); static char page[4096]; for (size_t i = 0; i < bytes; i += 4096) if (write(f, page, 4096) != 4096) abort();"),
    "freed before the end": (40 * MIB, "char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); touch(p, bytes); munmap(p, bytes);"),
    "two processes": (48 * MIB, "int p[2]; char c = 0; if (pipe(p)) abort(); pid_t q = fork(); char *m = mmap(NULL, bytes / 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); touch(m, bytes / 2); if (q == 0) { if (write(p[1], &c, 1) != 1) _exit(1); pause(); } if (read(p[0], &c, 1) != 1) abort(); kill(q, SIGKILL); waitpid(q, NULL, 0);"),
    "asked for and not used": (0, "char *p = mmap(NULL, 128 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0); if (p == MAP_FAILED) abort();"),
}

# (exit code, signal) of what main() does.
ENDS = {
    "exit 0": ("return 0;", (0, None)),
    "exit 1": ("return 1;", (1, None)),
    "exit 2 of a child": ("if (fork() == 0) _exit(2); wait(NULL); return 7;", (7, None)),
    "exit 127": ("_exit(127);", (127, None)),
    "exit 137, as a shell tells SIGKILL": ("return 137;", (137, None)),
    "exit 255": ("return -1;", (255, None)),
    "exit 256": ("exit(256);", (0, None)),
    "SIGSEGV": ("*(volatile int *)8 = 1; return 0;", (None, "SIGSEGV")),
    "SIGABRT": ("abort();", (None, "SIGABRT")),
    "SIGFPE": ("raise(SIGFPE); return 0;", (None, "SIGFPE")),
    "SIGILL": ("__builtin_trap();", (None, "SIGILL")),
    "SIGBUS": ("int f = memfd_create(\"x\", 0); volatile char *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, f, 0); return *p;", (None, "SIGBUS")),
    "SIGTERM": ("raise(SIGTERM); pause(); return 0;", (None, "SIGTERM")),
    "SIGKILL by itself": ("kill(getpid(), SIGKILL); return 0;", (None, "SIGKILL")),
    "SIGKILL by its child": ("pid_t p = getpid(); if (fork() == 0) { kill(p, SIGKILL); _exit(0); } pause(); return 0;", (None, "SIGKILL")),
    "SIGPIPE": ("int p[2]; if (pipe(p)) abort(); close(p[0]); return write(p[1], \"x\", 1) < 0;", (None, "SIGPIPE")),
    "SIGXFSZ": ("struct rlimit l = {10, 10}; setrlimit(RLIMIT_FSIZE, &l); int f = open(\"f\", O_CREAT | O_WRONLY, 0600); char b[20] = {0}; for (;;) { if (write(f, b, 20) < 0) return 3; }", (None, "SIGXFSZ")),
    "SIGUSR1": ("raise(SIGUSR1); return 0;", (None, "SIGUSR1")),
    "a real-time signal": ("raise(40); return 0;", (None, "SIGRTMIN+6")),
    "the main thread leaves first": ("pthread_t t; pthread_create(&t, NULL, thread, NULL); pthread_exit(NULL);", (0, None)),
    "a thread ends all": ("pthread_t t; pthread_create(&t, NULL, leaver, NULL); pause(); return 0;", (9, None)),
    "SIGXCPU of its own limit": ("struct rlimit l = {1, 3}; setrlimit(RLIMIT_CPU, &l); for (;;) { }", (None, "SIGXCPU")),
}

HEAD = '#define _GNU_SOURCE\n#include "reference.h"\nstatic void *thread(void *x) { burn(0.02); return x; }\nstatic void *leaver(void *x) { _exit(9); return x; }\n'
UNUSED = "(void)thread; (void)leaver; (void)touch; (void)tell;"


def measured(body, touched=0):
    return (f"{HEAD}int main(void)\n{{\n{UNUSED}\ndouble began = seconds(CLOCK_MONOTONIC), others = 0; size_t bytes = {touched}; (void)bytes;\n"
            f"{{ {body} }}\ntell(began, others, bytes);\nreturn 0;\n}}\n")


def plain(body):
    return f"{HEAD}int main(void)\n{{\n{UNUSED}\n{body}\n}}\n"
