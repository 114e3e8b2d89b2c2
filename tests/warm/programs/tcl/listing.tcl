puts [lsort [glob * .*]]
