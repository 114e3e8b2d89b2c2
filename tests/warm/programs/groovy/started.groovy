println java.lang.management.ManagementFactory.runtimeMXBean.uptime < 60000
