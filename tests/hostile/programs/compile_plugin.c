/*
 * threat: A14
 * defence: no argument of a compiler is worth anything: it runs in a box
 * tries: read the host's files as arguments, specs, plugin and linker script
 * must: none is there
 * request: {"compile": {"args": ["@/etc/shadow", "-specs=/etc/shadow", "-T/etc/gshadow"]}}
 * expect: {"verdict": "compile_error", "has": "/etc/shadow", "lacks": "x:0:"}
 */
int main(void)
{
    return 0;
}
