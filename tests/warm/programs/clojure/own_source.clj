(println (slurp *file*))
(let [f (java.io.File. *file*)] (prn (.length f) (.isFile f) (.canWrite f) (.getName f)))
(prn (sort (map str (.listFiles (java.io.File. ".")))))
