foreach name [lsort [array names env]] { puts "$name $env($name)" }
puts [lsort [info globals]]
puts [lsort [info commands]]
puts "[encoding system] $auto_path"
