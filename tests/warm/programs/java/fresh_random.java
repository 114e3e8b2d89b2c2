import java.io.*;
import java.nio.file.*;
import java.util.*;

public class Main {
    public static void main(String[] args) throws Exception {
        System.out.println(Math.random());
        System.out.println(new Random().nextLong());
        System.out.println(UUID.randomUUID());
    }
}
