print 'kept'
addShutdownHook { println ' and hooked' }
System.exit(11)
