import java.io.*;
import java.nio.file.*;
import java.util.*;

public class Main {
    public static void main(String[] args) throws Exception {
        System.out.println(args.length + " " + System.getProperty("user.dir") + " " + System.getProperty("sun.java.command"));
        for (String one : new TreeMap<>(System.getenv()).toString().split(", "))
            System.out.println(one);
    }
}
