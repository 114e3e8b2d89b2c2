(println "before")
(defn inner [] (throw (ex-info "no good" {:why 4})))
(try (inner) (catch Exception e (prn (ex-data e) (.getMessage e))))
(inner)
