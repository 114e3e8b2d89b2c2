(prn (< (.getUptime (java.lang.management.ManagementFactory/getRuntimeMXBean)) 60000))
