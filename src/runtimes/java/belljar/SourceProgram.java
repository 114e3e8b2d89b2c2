/* SPDX-License-Identifier: Apache-2.0 */
package belljar;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import javax.lang.model.SourceVersion;
import javax.lang.model.element.NestingKind;
import javax.lang.model.element.TypeElement;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

import com.sun.source.util.JavacTask;
import com.sun.source.util.TaskEvent;
import com.sun.source.util.TaskListener;

/*
 * Compiles one file as "java file.java" does: its first class is the program, and may have another
 * name than the file.  The classes are left in the working directory, with one more, Starter.NAME,
 * that starts the program: what is run is so the same for all programs.
 *
 *     java belljar.SourceProgram [javac's options] FILE
 */
public final class SourceProgram implements TaskListener {
    private static final int SHOWS_ALL_WARNINGS = 20; /* the first Java whose launcher does */

    private final JavacTask task;
    private Starter starter; /* null: no class was seen */

    private SourceProgram(JavacTask task) {
        this.task = task;
        task.addTaskListener(this);
    }

    public static void main(String[] args) throws IOException {
        Path file = Path.of(args[args.length - 1]);
        Warmup.whileMissing(file);
        System.exit(compile(args, file) ? 0 : 1);
    }

    static boolean compile(String[] args, Path file) throws IOException {
        Source source = new Source(file);
        JavacTask task = (JavacTask) ToolProvider.getSystemJavaCompiler().getTask(null, null, null,
                options(args), null, List.of(source));
        String fault = new SourceProgram(task).finish();
        if (fault != null) {
            System.err.println("error: " + fault);
        }
        return fault == null;
    }

    /* Those of the launcher; the user's come last. */
    private static List<String> options(String[] args) {
        List<String> options = new ArrayList<>(List.of("-d", ".", "-proc:none", "-Xdiags:verbose"));
        if (Runtime.version().feature() >= SHOWS_ALL_WARNINGS) {
            options.addAll(List.of("-Xlint:deprecation", "-Xlint:unchecked", "-Xlint:-options"));
        }
        options.addAll(Javac.withoutLauncher(Arrays.asList(args).subList(0, args.length - 1)));
        return options;
    }

    private String finish() throws IOException {
        if (!task.call()) {
            return "compilation failed";
        }
        if (starter == null) {
            return "no class declared in source file";
        }
        if (starter.fault() == null) {
            Files.write(Path.of(Starter.NAME + ".class"), starter.bytes());
        }
        return starter.fault();
    }

    @Override
    public void started(TaskEvent event) {
        if (event.getKind() != TaskEvent.Kind.ANALYZE || starter != null) {
            return;
        }
        TypeElement type = event.getTypeElement();
        if (type.getNestingKind() == NestingKind.TOP_LEVEL) {
            starter = new Starter(type, task.getElements());
        }
    }

    /* As the launcher reads it: in the default charset, and no byte is an error. */
    private static final class Source extends SimpleJavaFileObject {
        private final String name, text;

        Source(Path file) throws IOException {
            super(file.toUri(), Kind.SOURCE);
            name = file.toString();
            text = new String(Files.readAllBytes(file), Charset.defaultCharset());
        }

        @Override
        public String getName() {
            return name;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }

        @Override
        public boolean isNameCompatible(String simpleName, Kind kind) {
            /* But for package-info and module-info. */
            return kind == Kind.SOURCE && SourceVersion.isIdentifier(simpleName);
        }
    }
}
