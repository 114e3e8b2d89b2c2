import java.io.*;
import java.nio.file.*;
import java.util.*;

public class Main {
    public static void main(String[] args) throws Exception {
        Thread.getAllStackTraces().keySet().stream().map(Thread::getName).sorted().forEach(System.out::println);
        Thread other = new Thread(() -> System.out.println(Thread.currentThread().getName()));
        other.start();
        other.join();
    }
}
