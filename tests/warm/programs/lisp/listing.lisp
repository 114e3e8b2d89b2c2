(print (directory "*.*"))
