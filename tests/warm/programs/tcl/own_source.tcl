set in [open $argv0]
puts [read $in]
puts [file size [info script]]
file stat $argv0 state
puts "$state(nlink) $state(type) $state(uid)"
