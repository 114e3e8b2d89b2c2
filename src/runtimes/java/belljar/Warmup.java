/* SPDX-License-Identifier: Apache-2.0 */
package belljar;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Writer;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/*
 * In a box that was made ahead the source is not there yet: a FIFO is in its place, and to open it
 * lasts until there is a job.  Until then a program of our own is compiled, for nothing: the
 * second compilation takes a tenth of the first, the third would take half of that, which is less
 * than it would cost.
 */
final class Warmup {
    private static final String PROGRAM = "/Training.java";

    private Warmup() {
    }

    static void whileMissing(Path source) throws IOException {
        if (Files.isRegularFile(source) || !Files.exists(source)) {
            return;
        }
        compile();
        Files.newByteChannel(source).close();
    }

    private static void compile() throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (JavaFileManager files = new Discard(compiler.getStandardFileManager(null, null,
                StandardCharsets.UTF_8))) {
            compiler.getTask(Writer.nullWriter(), files, null, List.of("-proc:none"), null,
                    List.of(new Text())).call();
        }
    }

    private static final class Text extends SimpleJavaFileObject {
        Text() {
            super(URI.create("string://" + PROGRAM), Kind.SOURCE);
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) throws IOException {
            try (InputStream in = Warmup.class.getResourceAsStream(PROGRAM)) {
                return new String(in.readAllBytes(), StandardCharsets.UTF_8);
            }
        }
    }

    private static final class Nothing extends SimpleJavaFileObject {
        Nothing(Kind kind) {
            super(URI.create("string:///nothing" + kind.extension), kind);
        }

        @Override
        public OutputStream openOutputStream() {
            return OutputStream.nullOutputStream();
        }
    }

    private static final class Discard extends ForwardingJavaFileManager<JavaFileManager> {
        Discard(JavaFileManager files) {
            super(files);
        }

        @Override
        public JavaFileObject getJavaFileForOutput(Location location, String className,
                JavaFileObject.Kind kind, FileObject sibling) {
            return new Nothing(kind);
        }
    }
}
