(defn deep [n] (inc (deep n)))
(try (deep 1) (catch StackOverflowError _ (println "too deep")))
