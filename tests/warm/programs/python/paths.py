import os
import sys

print(os.getcwd(), sys.path, sorted(sys.path_importer_cache))
print([getattr(one, "__name__", type(one).__name__) for one in sys.meta_path], len(sys.path_hooks))
