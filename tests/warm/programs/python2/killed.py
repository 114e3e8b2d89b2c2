import os, sys
print "kept"
sys.stdout.flush()
os.kill(os.getpid(), 9)
