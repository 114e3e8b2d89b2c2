(println "before")
(println "no end
