(load-file "helper.clj")
(println (helper/answer) (slurp "data.txt"))
