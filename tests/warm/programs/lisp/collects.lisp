(gc :full t) (print (length (loop for i below 1000000 collect i)))
