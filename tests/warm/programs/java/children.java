import java.io.*;
import java.nio.file.*;
import java.util.*;

public class Main {
    public static void main(String[] args) throws Exception {
        Process child = new ProcessBuilder("sh", "-c", "echo from a child; exit 4").inheritIO().start();
        System.out.println(child.waitFor());
    }
}
