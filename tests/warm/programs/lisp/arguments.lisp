(print sb-ext:*posix-argv*) (print sb-ext:*runtime-pathname*) (print *load-truename*) (print *load-pathname*) (print *default-pathname-defaults*)
