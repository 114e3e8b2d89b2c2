import sys

print(sys.stdin.buffer.read())
print(sys.stdin.buffer.read())
