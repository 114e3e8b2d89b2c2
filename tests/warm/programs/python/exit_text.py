import sys

sys.stdout.write("no newline")
sys.exit("said at the end")
