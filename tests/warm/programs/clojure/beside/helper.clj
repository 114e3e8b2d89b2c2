(ns helper)
(defn answer [] 42)
