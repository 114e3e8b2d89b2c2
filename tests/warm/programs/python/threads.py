import concurrent.futures
import threading

print(threading.main_thread(). name, threading.active_count(), threading.stack_size())
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    print(list(pool.map(lambda n: n * n, range(20))))
print(len([line for line in open("/proc/self/status") if line.startswith("Threads")]))
