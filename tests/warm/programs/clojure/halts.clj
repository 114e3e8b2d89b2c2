(print "kept")
(flush)
(.halt (Runtime/getRuntime) 12)
