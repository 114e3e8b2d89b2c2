import os

print(os.getpid())
for _ in range(3):
    child = os.fork()
    if child == 0:
        os._exit(0)
    print(child > os.getpid())  # by how much it may differ: init has started a process between them
    os.waitpid(child, 0)
