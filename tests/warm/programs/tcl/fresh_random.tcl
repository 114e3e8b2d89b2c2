puts [expr rand()]
