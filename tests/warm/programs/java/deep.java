import java.io.*;
import java.nio.file.*;
import java.util.*;

public class Main {
    static int down(int n) { return down(n + 1) + 1; }
    public static void main(String[] args) throws Exception {
        try {
            down(0);
        } catch (StackOverflowError problem) {
            System.out.println("deep enough");
        }
    }
}
