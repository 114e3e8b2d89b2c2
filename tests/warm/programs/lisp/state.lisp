(print *package*) (print *features*) (print (list-all-packages)) (print *modules*) (print *read-default-float-format*)
