import sys

for file in sys.stdin, sys.stdout, sys.stderr:
    print(file.name, file.mode, file.encoding, file.errors, file.line_buffering, file.isatty(), file.fileno())
print(sys.stdin.seekable(), sys.stdout.seekable())
