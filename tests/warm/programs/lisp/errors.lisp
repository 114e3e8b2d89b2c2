(defun f (x) (/ 1 x))
(print (handler-case (f 0) (error (problem) (type-of problem))))
(finish-output)
(f 0)
