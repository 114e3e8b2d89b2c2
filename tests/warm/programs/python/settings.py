import gc
import sys
import time

print(gc.get_threshold(), gc.isenabled(), sys.getswitchinterval(), sys.dont_write_bytecode, sys.pycache_prefix)
print(time.tzname, time.timezone, sys.hash_info, sys.int_info, sys.float_repr_style)
print(sys.gettrace(), sys.getprofile(), sys.displayhook, sys.excepthook, sys.unraisablehook, sys.getrefcount(sys.argv))
