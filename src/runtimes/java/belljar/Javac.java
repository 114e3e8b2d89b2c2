/* SPDX-License-Identifier: Apache-2.0 */
package belljar;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/*
 * javac, in a JVM whose classes come from our archive.
 *
 *     java belljar.Javac MAIN_FILE [javac's arguments]
 */
public final class Javac {
    private Javac() {
    }

    public static void main(String[] args) throws IOException {
        Warmup.whileMissing(Path.of(args[0]));
        System.exit(compile(Arrays.asList(args).subList(1, args.length)));
    }

    static int compile(List<String> args) {
        return com.sun.tools.javac.Main.compile(withoutLauncher(args).toArray(new String[0]));
    }

    /* The program "javac" keeps its -J options to itself; they are for a JVM that runs already. */
    static List<String> withoutLauncher(List<String> args) {
        return args.stream().filter(a -> !a.startsWith("-J")).collect(Collectors.toList());
    }
}
