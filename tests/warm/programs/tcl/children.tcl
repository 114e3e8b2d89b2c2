puts [exec echo from a child]
puts [catch {exec sh -c "exit 4"} text options]
puts [lindex [dict get $options -errorcode] 2]
