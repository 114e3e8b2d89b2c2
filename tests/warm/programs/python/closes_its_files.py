import os
import sys

sys.stdin.close()
os.close(2)
print(os.open("own.txt", os.O_CREAT | os.O_RDWR), os.open("/dev/null", os.O_RDONLY))
