# threat: B12
# defence: expected output is compared by the server, and no part of it is in the box
# tries: find what it should print: in its files, environment, arguments and memory
# must: it is not there, and a forged verdict is no verdict
# request: {"expected_output": "the-secret-answer"}
# expect: {"verdict": "wrong_answer", "lacks": "LEAK"}
import os, sys
secret = "the-secret" + "-answer"
seen = repr(os.environ) + repr(sys.argv) + sys.stdin.read()
for place in ("/box", "/tmp", "/dev/shm", "/run"):
    for folder, _, files in os.walk(place):
        for name in files:
            if name != "main.py" and name != os.path.basename(__file__):
                seen += open(os.path.join(folder, name), errors="replace").read()
for line in open("/proc/self/maps"):
    seen += line
if secret in seen:
    print("LEAK:", secret)
print('{"verdict": "ok"}')
print("accepted")
