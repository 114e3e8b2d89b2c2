import random
import sys

print(random.__file__, random.WHAT, "random" in sys.stdlib_module_names)
