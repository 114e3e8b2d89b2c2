(require '[clojure.string :as string])
(doseq [name ["status" "limits" "environ" "cgroup" "cmdline"]]
  (doseq [line (string/split (slurp (str "/proc/self/" name)) #"\n")]
    (when-not (re-find #"^(Vm|Rss|SigQ|voluntary|nonvoluntary|Hugetlb|THP|Threads|HugetlbPages)" line)
      (println line))))
