(defun hello () "hello")
