/* SPDX-License-Identifier: Apache-2.0 */
import java.util.List;

/* What is younger than Java 11: where it does not compile, it trains nothing. */
final class Modern {
    record Point(int x, int y) {
    }

    sealed interface Tree permits Leaf, Node {
    }

    record Leaf(int value) implements Tree {
    }

    record Node(Tree left, Tree right) implements Tree {
    }

    static int sum(Object tree) {
        if (tree instanceof Leaf leaf) {
            return leaf.value();
        }
        return tree instanceof Node node ? sum(node.left()) + sum(node.right()) : 0;
    }

    public static void main(String[] args) {
        var day = args.length;
        String name = switch (day) {
            case 0, 1 -> "few";
            default -> {
                yield "many";
            }
        };
        System.out.println("""
                text %s %s""".formatted(name, new Point(1, 2)));
        System.out.println(List.of(1, 2).stream().map(i -> i + 1).toList());
        System.out.println(sum(new Node(new Leaf(1), new Leaf(2))) + " " + new Point(1, 2).equals(null));
    }
}
