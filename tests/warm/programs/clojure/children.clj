(require '[clojure.java.shell :refer [sh]])
(prn (sh "echo" "from" "a" "child"))
(prn (:exit (sh "sh" "-c" "exit 4")))
(shutdown-agents)
