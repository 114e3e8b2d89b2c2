(import '[java.nio.file Files Paths LinkOption])
(doseq [name (sort (seq (.list (java.io.File. "/proc/self/fd"))))]
  (let [path (Paths/get "/proc/self/fd" (into-array [name]))]
    (when (Files/exists path (make-array LinkOption 0))
      (println name (clojure.string/replace (str (Files/readSymbolicLink path)) #"\d+" "N")))))
