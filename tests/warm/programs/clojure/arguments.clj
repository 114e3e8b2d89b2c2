(prn *command-line-args* *file* *ns* (System/getProperty "user.dir") *compile-path* *source-path*)
(prn (.getName (Thread/currentThread)) *warn-on-reflection* *print-length*)
