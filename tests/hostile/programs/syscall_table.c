/*
 * threat: D4
 * defence: the filter is an allow list: known and refused is EPERM, unknown is ENOSYS
 * tries: make every system call from 0 to 600 that is not let through, with zeros
 * must: the errno of the table, for each
 * shows: a call that became reachable, or whose answer changed
 * off: filter
 * control: bare
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
/*
 * E: EPERM; N: ENOSYS; a dot: let through, or looked at by its arguments.  335 and 336 are calls of
 * the kernel's own trampolines, which no filter sees (Linux 6.14); made elsewhere they end the
 * process.
 */
static const char table[] =
    ".........................................E...........E.........." /* 0 */
    ".....................................E.E........................" /* 64 */
    "......N.N..N.............EEEN..E.EEEEEEEEEEEEENEENNENNNNNN......" /* 128 */
    ".............NNNNNNNE.NN...........E........NEEE......E.NNN....." /* 192 */
    "E...............E......E..................E.EE.EEE..E.EEEE......" /* 256 */
    "EE.E.........N...NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN" /* 320 */
    "NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN.NNNEEEEEE.N..E.E.EE...E" /* 384 */
    "E.EE.....EENNN.....ENNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN" /* 448 */
    "NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN" /* 512 */
    "NNNNNNNNNNNNNNNNNNNNNNNNN" /* 576 */;
#ifdef __x86_64__
#define FIRST 0
#else
#define FIRST 424 /* from here on a number means the same on every architecture */
#endif
int main(void)
{
    for (long number = FIRST; table[number]; number++) {
        if (table[number] == '.') {
            continue;
        }
        int wanted = table[number] == 'E' ? EPERM : ENOSYS;
        long r = syscall(number, 0, 0, 0, 0, 0, 0);
        if (r >= 0 || errno != wanted) {
            printf("LEAK: call %ld: %ld, errno %d instead of %d\n", number, r, r < 0 ? errno : 0,
                   wanted);
        }
    }
    /* Numbers that no kernel has; those with the bit of x32 end the process. */
    static const long odd[] = {1000, 4096, 0x3fffffff};
    for (unsigned i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        long r = syscall(odd[i], 0, 0, 0, 0, 0, 0);
        if (r >= 0 || errno != ENOSYS) {
            printf("LEAK: call %ld: %ld, errno %d\n", odd[i], r, r < 0 ? errno : 0);
        }
    }
    puts("held");
    return 0;
}
