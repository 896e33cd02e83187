package proctor;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Scanner;
import java.util.StringTokenizer;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Run once when the image is built, with -XX:ArchiveClassesAtExit: what it loads is mapped, and not loaded, by every
 * later start of the compiler, of the driver and of programs.
 */
public final class Train {
    private static final String PROGRAM = "import java.util.*; import java.util.function.*; import java.util.stream.*;\n"
            + "public class Main { interface Shape { double area(); } record Square(double side) implements Shape {\n"
            + "  public double area() { return side * side; } } enum Kind { A, B }\n"
            + "  static <T extends Comparable<T>> T most(List<T> items) { return Collections.max(items); }\n"
            + "  public static void main(String[] args) throws Exception { Map<String, List<Integer>> map = new TreeMap<>();\n"
            + "    for (int i = 0; i < 9; i++) map.computeIfAbsent(\"k\" + i % 3, k -> new ArrayList<>()).add(i);\n"
            + "    int[][] grid = new int[3][4]; StringBuilder out = new StringBuilder(); switch (args.length) { case 0: break; default: }\n"
            + "    String kind = switch (Kind.A) { case A -> \"a\"; case B -> \"b\"; };\n"
            + "    System.out.println(map.values().stream().flatMap(List::stream).map(x -> x * 2).collect(Collectors.toList()) + kind);\n"
            + "    try (Scanner in = new Scanner(System.in)) { while (in.hasNextInt()) out.append(in.nextInt()); }\n"
            + "    Shape shape = new Square(2); Supplier<Integer> ten = () -> 10; var text = \"x\"; System.out.println(shape + text + ten.get()); } }\n";

    private Train() {}

    public static void main(String[] args) throws IOException, ReflectiveOperationException {
        for (int i = 0; i < 3; i++) {
            Compile.Result result = Compile.compile(Map.of("Main.java", PROGRAM));
            if (result.wrong != null) {
                throw new IllegalStateException(result.wrong);
            }
        }
        String wrong = Compile.compile(Map.of("Main.java", "class A { int f() { return x; } }")).wrong;
        Compile.parse(PROGRAM);
        library(wrong);
        for (String name : List.of("Candidate", "Describe", "Tests", "Remote", "Remote$Link", "Stubs", "Run", "Channel", "Values", "Convert")) {
            Class.forName("proctor." + name, false, Train.class.getClassLoader());
        }
        Convert.from(Convert.to(Json.read("[1, 2.5, \"a\", {\"o\": [[\"k\", null]]}, {\"n\": \"NaN\"}]"), Object.class), 0);
        Convert.to(Json.read("[[1]]"), int[][].class);
    }

    private static void library(String text) throws IOException {
        StringWriter out = new StringWriter();
        try (Scanner in = new Scanner("1 2 3\nabc"); PrintWriter writer = new PrintWriter(out)) {
            writer.printf("%d %s %.3f%n", in.nextInt(), in.nextLine(), 1.5);
        }
        BufferedReader reader = new BufferedReader(new InputStreamReader(new ByteArrayInputStream(text.getBytes())));
        StringTokenizer words = new StringTokenizer(reader.readLine());
        Map<String, Integer> counts = new HashMap<>();
        while (words.hasMoreTokens()) {
            counts.merge(words.nextToken(), 1, Integer::sum);
        }
        PriorityQueue<int[]> queue = new PriorityQueue<>((a, b) -> a[0] - b[0]);
        queue.add(new int[] {new Random(1).nextInt()});
        ArrayDeque<Integer> deque = new ArrayDeque<>(IntStream.range(0, 9).boxed().collect(Collectors.toList()));
        String joined = Arrays.stream(text.split("\\s+")).sorted().map(String::trim).collect(Collectors.joining(","));
        Object all = List.of(new TreeMap<>(counts), deque, Optional.of(joined), BigInteger.TEN.pow(30), new BigDecimal("1.5").multiply(BigDecimal.TEN));
        System.out.println(all.toString().length() + String.format("%05d|%-8s|%x", 42, "a", 255).length() + queue.size());
    }
}
