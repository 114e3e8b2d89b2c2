(dolist (name (list "status" "limits" "cgroup"))
  (with-open-file (in (concatenate (quote string) "/proc/self/" name))
    (loop for line = (read-line in nil) while line
      unless (some (lambda (word) (eql 0 (search word line))) (list "Vm" "Rss" "SigQ" "voluntary" "nonvoluntary" "Hugetlb" "THP"))
      do (write-line line))))
