import java.io.*;
import java.nio.file.*;
import java.util.*;

public class Main {
    public static void main(String[] args) throws Exception {
        for (String name : System.getProperties().stringPropertyNames().stream().sorted().toList())
            System.out.println(name + " " + System.getProperty(name).trim());
        System.out.println(Runtime.getRuntime().maxMemory() > 0);
    }
}
