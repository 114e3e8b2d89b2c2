import sys
print sys.argv, sys.executable, sys.flags, sys.path, __name__, __file__, __package__, sorted(globals())
