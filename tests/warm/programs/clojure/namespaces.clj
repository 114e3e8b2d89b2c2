(prn (sort (map ns-name (all-ns))))
(prn (sort (keys (ns-publics 'clojure.core))))
(prn (sort (map str @(deref #'clojure.core/*loaded-libs*))))
(prn (find-ns 'user) *data-readers* *unchecked-math* *assert*)
