import atexit
import sys
import threading

for n in range(3):
    atexit.register(print, "at exit", n)
threading.Thread(target=lambda: print("thread", threading.main_thread().name)).start()
sys.stderr.write("to stderr\n")
print("end of the text")
raise ValueError("and still")
