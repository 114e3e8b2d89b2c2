import java.io.*;
import java.nio.file.*;
import java.util.*;

public class Main {
    static class Inner { void hello() { System.out.println(getClass().getName()); } }
    public static void main(String[] args) throws Exception {
        System.out.println(Main.class.getClassLoader().getClass() + " " + Main.class.getModule() + " " + Main.class.getProtectionDomain().getCodeSource().getLocation());
        System.out.println(Main.class.getResource("Main.class") != null);
        new Inner().hello();
    }
}
