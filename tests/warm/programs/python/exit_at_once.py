import atexit
import os

atexit.register(print, "never")
print("lost in the buffer", end="")
os.write(1, b"written\n")
os._exit(9)
