(print (read-line)) (print (loop for c = (read-char nil nil) while c collect c))
