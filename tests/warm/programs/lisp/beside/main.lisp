(load "second.lisp") (print (hello))
