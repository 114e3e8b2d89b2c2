System.properties.sort { it.key }.each { println "$it.key ${it.value.trim()}" }
System.getenv().sort { it.key }.each { println "$it.key $it.value" }
