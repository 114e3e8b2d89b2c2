import subprocess
import sys

if len(sys.argv) > 1:
    print(sys.argv[1:], sys.path[0], sys.stdin.read())
else:
    done = subprocess.run([sys.executable, __file__, "again"], input="given", text=True, stdout=subprocess.PIPE, check=True)
    print(done.stdout)
    script = "ls /proc/self/fd | wc -l; pwd; umask; env | sort | grep -v ^_="
    print(subprocess.run(["sh", "-c", script], stdout=subprocess.PIPE, text=True, check=False).stdout)
