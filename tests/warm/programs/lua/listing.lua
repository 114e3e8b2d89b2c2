os.execute("ls -lan --time-style=+ | grep -v ' ..$'; pwd; umask")
