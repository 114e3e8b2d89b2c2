print 'kept'
System.out.flush()
Runtime.runtime.halt(12)
