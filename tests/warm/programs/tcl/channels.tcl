puts [lsort [file channels]]
foreach one {stdin stdout stderr} { puts [fconfigure $one] }
