import sys

print("seven")
sys.exit(7)
