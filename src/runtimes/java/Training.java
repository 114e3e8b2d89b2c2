/* SPDX-License-Identifier: Apache-2.0 */
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Scanner;
import java.util.Set;
import java.util.StringTokenizer;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/* A little of what programs do: what it needs of the compiler and of Java is in the archives. */
public class Training {
    enum Colour { RED, GREEN }

    interface Shape {
        double area();

        default String describe() {
            return getClass().getSimpleName() + " " + area();
        }
    }

    static final class Square implements Shape, Comparable<Square> {
        private final double side;

        Square(double side) {
            this.side = side;
        }

        @Override
        public double area() {
            return side * side;
        }

        @Override
        public int compareTo(Square other) {
            return Double.compare(side, other.side);
        }
    }

    static <T extends Comparable<T>> T largest(List<T> all) {
        T best = null;
        for (T one : all) {
            best = best == null || one.compareTo(best) > 0 ? one : best;
        }
        return best;
    }

    static void collections() {
        Map<String, Integer> counts = new HashMap<>();
        for (String word : "a b c a b".split(" ")) {
            counts.merge(word, 1, Integer::sum);
            counts.computeIfAbsent(word + word, w -> w.length());
        }
        Map<Integer, List<String>> sorted = new TreeMap<>(Comparator.reverseOrder());
        counts.forEach((k, v) -> sorted.computeIfAbsent(v, x -> new ArrayList<>()).add(k));
        Set<Integer> seen = new HashSet<>(List.of(1, 2, 3));
        Deque<int[]> queue = new ArrayDeque<>();
        queue.add(new int[] {1, 2});
        PriorityQueue<long[]> heap = new PriorityQueue<>((a, b) -> Long.compare(a[0], b[0]));
        heap.add(new long[] {3, 4});
        List<Integer> numbers = new ArrayList<>(Arrays.asList(5, 3, 1));
        Collections.sort(numbers);
        int[] array = {3, 2, 1};
        Arrays.sort(array);
        System.out.println(sorted + " " + seen.contains(2) + " " + queue.poll()[0] + numbers
                + Arrays.toString(array) + heap.size() + new LinkedHashMap<>(counts));
    }

    static void streams() {
        List<String> words = IntStream.range(0, 5).mapToObj(i -> "w" + i)
                .filter(w -> !w.equals("w3")).sorted().collect(Collectors.toList());
        Function<String, Integer> length = String::length;
        System.out.println(words.stream().map(length).reduce(0, Integer::sum)
                + words.stream().collect(Collectors.joining(",", "[", "]")));
        System.out.println(words.stream().collect(Collectors.groupingBy(String::length)));
        System.out.println(Arrays.stream(new int[] {1, 2, 3}).map(i -> i * i).sum());
    }

    static void text() {
        StringBuilder b = new StringBuilder();
        for (Colour c : Colour.values()) {
            switch (c) {
            case RED:
                b.append("red").append(1).append('x').append(1.5);
                break;
            default:
                b.insert(0, c.name().toLowerCase());
            }
        }
        System.out.printf("%5d %-6s %.2f %x %b%n", 42, b.reverse(), Math.sqrt(2), 255, true);
        System.out.println(String.format("%03d|%s", 7, "a,b".replaceAll("[a-z]+", "_")));
        System.out.println(String.join("-", "x", "y") + Integer.parseInt("12") + Math.max(1, 2L));
        System.out.println(BigInteger.valueOf(7).pow(20).mod(BigInteger.TEN) + " " + 1.0f + 'c');
    }

    static void input() throws IOException {
        Scanner scanner = new Scanner("1 2\nline\n");
        int sum = scanner.nextInt() + scanner.nextInt();
        scanner.nextLine();
        String line = scanner.hasNextLine() ? scanner.nextLine() : "";
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        StringTokenizer tokens = new StringTokenizer("3 4");
        long product = Long.parseLong(tokens.nextToken()) * Long.parseLong(tokens.nextToken());
        PrintWriter out = new PrintWriter(System.out);
        out.println(sum + line + product + in.readLine());
        out.flush();
    }

    static void faults() {
        try {
            Object[] none = new Object[0];
            none[1] = new Square(1);
        } catch (ArrayIndexOutOfBoundsException | NullPointerException e) {
            System.out.println(e.getMessage());
        } finally {
            System.err.println("done");
        }
    }

    public static void main(String[] args) throws Exception {
        collections();
        streams();
        text();
        input();
        faults();
        Shape shape = largest(List.of(new Square(1), new Square(2)));
        System.out.println(shape.describe());
        Thread thread = new Thread(() -> System.out.println("thread"));
        thread.start();
        thread.join();
        throw new IllegalStateException("how it looks", new RuntimeException("why"));
    }
}
