import java.nio.file.*
new File('/proc/self/fd').list().sort().each { name ->
    def path = Paths.get('/proc/self/fd', name)
    if (Files.exists(path)) println "$name ${Files.readSymbolicLink(path).toString().replaceAll(/\d+/, 'N')}"
}
