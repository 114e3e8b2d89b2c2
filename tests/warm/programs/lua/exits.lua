io.write("kept")
os.exit(11)
