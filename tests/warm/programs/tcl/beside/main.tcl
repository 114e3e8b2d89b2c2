source second.tcl
puts [info script]
