(format t "kept")
(sb-ext:exit :code 11)
