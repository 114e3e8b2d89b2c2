import sys

print(sys.argv, sys.orig_argv if hasattr(sys, "orig_argv") else "")
print(sys.executable, sys.prefix, sys.base_prefix, sys.flags, sys.warnoptions, sys._xoptions)
