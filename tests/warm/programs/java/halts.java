import java.io.*;
import java.nio.file.*;
import java.util.*;

public class Main {
    public static void main(String[] args) throws Exception {
        System.out.println("kept");
        Runtime.getRuntime().halt(12);
    }
}
