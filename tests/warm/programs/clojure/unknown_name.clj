(println "before")
(nobody-knows-this 1)
