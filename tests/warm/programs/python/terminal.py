import os

print(os.isatty(0), os.ctermid())
for what in (lambda: open("/dev/tty"), lambda: os.tcgetpgrp(0), os.getlogin, lambda: os.get_terminal_size()):
    try:
        print(what())
    except OSError as problem:
        print(problem)
