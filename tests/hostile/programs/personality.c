/*
 * threat: D11
 * defence: the filter looks at the argument of personality
 * tries: executable stacks, legacy layouts, a page at 0, other ABIs
 * must: refused; the default and the layout without randomness alone are left
 * off: filter-arguments
 * control: bare
 */
#include <stdio.h>
#include <sys/personality.h>
int main(void)
{
    static const unsigned long kinds[] = {READ_IMPLIES_EXEC, ADDR_COMPAT_LAYOUT, MMAP_PAGE_ZERO,
                                          ADDR_LIMIT_3GB,    PER_LINUX32,        STICKY_TIMEOUTS,
                                          WHOLE_SECONDS,     SHORT_INODE,        UNAME26};
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (personality(kinds[i]) >= 0) {
            printf("LEAK: personality %lx\n", kinds[i]);
            personality(0);
        }
    }
    if (personality(0xffffffff) != 0) {
        puts("LEAK: it starts with a personality");
    }
    puts("held");
    return 0;
}
