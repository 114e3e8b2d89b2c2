println args
println "${System.getProperty('user.dir')} ${getClass().name} ${this.class.superclass.name}"
println Thread.currentThread().name
println binding.variables.keySet()
println getClass().protectionDomain.codeSource.location
