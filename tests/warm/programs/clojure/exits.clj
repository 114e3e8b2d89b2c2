(print "kept")
(flush)
(.addShutdownHook (Runtime/getRuntime) (Thread. #(println " and hooked")))
(System/exit 11)
