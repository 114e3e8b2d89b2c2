(prn (read-line))
(prn (line-seq (java.io.BufferedReader. *in*)))
