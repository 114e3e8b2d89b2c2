puts "$argc $argv $argv0 [info script] [info nameofexecutable] $tcl_interactive [pwd]"
