import sys

print(sorted(sys.modules))
print(sorted(sys.modules["__main__"].__dict__))
