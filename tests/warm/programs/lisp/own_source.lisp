(with-open-file (in *load-truename*) (loop for line = (read-line in nil) while line do (write-line line)))
