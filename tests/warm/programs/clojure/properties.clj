(doseq [[name value] (sort (System/getProperties))]
  (println name (.trim (str value))))
(doseq [[name value] (sort (System/getenv))] (println name value))
