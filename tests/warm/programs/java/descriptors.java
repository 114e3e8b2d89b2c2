import java.io.*;
import java.nio.file.*;
import java.util.*;

public class Main {
    public static void main(String[] args) throws Exception {
        try (var all = Files.list(Path.of("/proc/self/fd"))) {
            for (Path one : all.sorted().toList())
                if (Files.exists(one))
                    System.out.println(one + " " + Files.readSymbolicLink(one).toString().replaceAll("[0-9]+", ""));
        }
    }
}
