/*
 * threat: A14
 * defence: no argument of a compiler is worth anything: it runs in a box
 * tries: read files of the host by a specs file, a list of arguments, a plugin, a path, a linker script
 * must: none is there
 * request: {"compile": {"args": ["@/etc/shadow", "-specs=/etc/shadow", "-fplugin=/proc/1/exe", "-T/etc/gshadow", "-I/root", "-B/home"]}}
 * expect: {"verdict": "compile_error", "lacks": "x:0:"}
 */
int main(void)
{
    return 0;
}
