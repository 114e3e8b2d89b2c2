/*
 * threat: A13
 * defence: the compile stage is a box like any other
 * tries: have the assembler put secrets of the host and of its parents into the program
 * must: they are not there
 * expect: {"verdict": "compile_error", "has": "file not found: /etc/shadow", "lacks": "x:0:0:"}
 */
__asm__(".incbin \"/etc/shadow\"");
__asm__(".incbin \"/etc/machine-id\"");
__asm__(".incbin \"/proc/1/environ\"");
__asm__(".incbin \"/var/lib/belljar/keys.json\"");
int main(void)
{
    return 0;
}
