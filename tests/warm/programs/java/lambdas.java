import java.io.*;
import java.nio.file.*;
import java.util.*;

public class Main {
    public static void main(String[] args) throws Exception {
        System.out.println(java.util.stream.IntStream.range(0, 100).parallel().map(n -> n * n).sum());
        System.out.println(String.join(",", new HashSet<>(List.of("a", "b", "c"))));
    }
}
