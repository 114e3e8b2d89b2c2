import sys
print repr(raw_input()), repr(sys.stdin.read())
