/*
 * threat: D8
 * defence: Landlock's rules of a process only ever add up
 * tries: make a ruleset that allows all, and enter it; then open what was refused
 * must: it stays refused, in children and after exec too
 * needs: Landlock
 * off: landlock
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static void open_it(const char *when)
{
    if (open("/proc/self/comm", O_WRONLY) >= 0) {
        printf("LEAK: /proc/self/comm for writing, %s\n", when);
        fflush(stdout);
    }
}
int main(int argc, char **argv)
{
    if (argc > 1) {
        open_it("after exec");
        return 0;
    }
    struct landlock_ruleset_attr attr = {.handled_access_fs = LANDLOCK_ACCESS_FS_WRITE_FILE};
    long rules = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
    struct landlock_path_beneath_attr all = {.allowed_access = LANDLOCK_ACCESS_FS_WRITE_FILE};
    all.parent_fd = open("/", O_PATH);
    syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &all, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    syscall(SYS_landlock_restrict_self, rules, 0);
    open_it("after a ruleset of its own");
    fflush(stdout);
    if (fork() == 0) {
        open_it("in a child");
        execl("/proc/self/exe", argv[0], "again", (char *)0);
        _exit(1);
    }
    wait(0);
    puts("held");
    return 0;
}
