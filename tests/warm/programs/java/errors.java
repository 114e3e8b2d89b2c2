import java.io.*;
import java.nio.file.*;
import java.util.*;

public class Main {
    static int fail(int n) { return 1 / n; }
    public static void main(String[] args) throws Exception {
        System.out.println("before");
        fail(0);
    }
}
