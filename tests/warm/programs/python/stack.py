import threading

print([line.split()[0] for line in open("/proc/self/status") if line.startswith("VmStk")])
threading.stack_size(16 << 20)
thread = threading.Thread(target=lambda: print("deep"))
thread.start()
thread.join()
