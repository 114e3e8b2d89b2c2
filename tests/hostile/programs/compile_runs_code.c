/*
 * threat: A13
 * defence: the compile stage is a box like any other
 * tries: run a shell in the compiler's place, which looks for what a run may not have
 * must: its ids, capabilities, filter, network and files are those of a run
 * request: {"compile": {"args": ["-wrapper", "bash,-c,eval \"$(sed -n s/^sh:.//p main.c)\""]}}
 * expect: {"verdict": "compile_error", "has": "held", "lacks": "LEAK"}
 * off: filter+nested caps netns
 */
/*
sh: exec >&2
sh: [ "$(id -u)" = 1000 ] || echo "LEAK: $(id)"
sh: grep -E '^(Seccomp|NoNewPrivs):.0' /proc/self/status && echo "LEAK: no filter"
sh: grep -E '^Cap[A-Za-z]*:.*[1-9a-f]' /proc/self/status && echo "LEAK: capabilities"
sh: [ "$(ls /proc/self/fd | wc -l)" -le 5 ] || ls -l /proc/self/fd | sed 's/^/LEAK: /'
sh: grep -vE '^(Inter| face| +lo:)' /proc/net/dev && echo "LEAK: interfaces"
sh: unshare -U true && echo "LEAK: a user namespace"
sh: touch /usr/x /etc/x /dev/x && echo "LEAK: writes"
sh: (exec 3<>/dev/tcp/127.0.0.1/22) && echo "LEAK: sshd answers"
sh: ls /home/* /root/* /var/log/* && echo "LEAK: the host's files"
sh: cat /proc/1/environ && echo "LEAK: the environment of init"
sh: env | grep -iE 'pass|token|secret|redis|postgres|belljar_' && echo "LEAK: secrets"
sh: echo held; exit 1
*/
int main(void)
{
    return 0;
}
