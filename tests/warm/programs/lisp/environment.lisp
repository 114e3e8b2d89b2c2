(print (sb-ext:posix-environ))
