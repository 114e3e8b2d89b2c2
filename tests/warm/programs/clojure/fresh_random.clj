(println (rand))
(println (java.util.UUID/randomUUID))
(println (.nextLong (java.util.Random.)))
