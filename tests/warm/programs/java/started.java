public class Main {
    public static void main(String[] args) {
        System.out.println(java.lang.management.ManagementFactory.getRuntimeMXBean().getUptime() < 60000);
    }
}
