io.stdout:write("kept\n")
io.stdout:flush()
os.execute("kill -KILL $PPID")
