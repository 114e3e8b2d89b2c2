/* SPDX-License-Identifier: Apache-2.0 */
package belljar;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

import javax.lang.model.element.Element;
import javax.lang.model.element.ElementKind;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.TypeElement;
import javax.lang.model.element.VariableElement;
import javax.lang.model.type.TypeKind;
import javax.lang.model.util.ElementFilter;
import javax.lang.model.util.Elements;

/*
 * The class that starts a program: a subclass of the program's, which has its main method by
 * inheritance, so that nothing of it is on the stack.  Where there can be none, as of a final class
 * or a record, it is a copy of belljar_main, which finds the method and calls it.
 */
final class Starter {
    static final String NAME = "belljar_main";

    private static final int ANY_MAIN = 25; /* the first Java that takes main methods of any kind */
    private static final String PLACEHOLDER = "belljar.program"; /* in belljar_main.java */

    private static final int CONSTANT_UTF8 = 1, CONSTANT_CLASS = 7;
    private static final int CLASS_FILE_MAGIC = 0xCAFEBABE, CLASS_FILE_JAVA_8 = 52;
    private static final int ACC_PUBLIC = 0x1, ACC_SUPER = 0x20, ACC_SYNTHETIC = 0x1000;

    private final String program; /* as Class.forName has it */
    private final boolean inherits;
    private final String fault;

    Starter(TypeElement type, Elements elements) {
        program = elements.getBinaryName(type).toString();
        boolean takesAny = Runtime.version().feature() >= ANY_MAIN;
        ExecutableElement main = takesAny ? findAny(elements.getAllMembers(type))
                : find(type.getEnclosedElements());
        String unlikeAlways = main == null
                ? "can't find main(String[]) method in class: " + program : check(main);
        fault = takesAny && main != null ? null : unlikeAlways;
        inherits = unlikeAlways == null && mayHaveSubclass(type);
    }

    /* Why the program cannot be started; null: it can. */
    String fault() {
        return fault;
    }

    byte[] bytes() throws IOException {
        return inherits ? subclass() : caller();
    }

    /* main(String[]); null: there is none. */
    private static ExecutableElement find(List<? extends Element> members) {
        for (ExecutableElement m : ElementFilter.methodsIn(members)) {
            List<? extends VariableElement> parameters = m.getParameters();
            if (m.getSimpleName().contentEquals("main") && parameters.size() == 1
                    && parameters.get(0).asType().toString().equals("java.lang.String[]")) {
                return m;
            }
        }
        return null;
    }

    private static ExecutableElement findAny(List<? extends Element> members) {
        List<ExecutableElement> all = ElementFilter.methodsIn(members).stream()
                .filter(m -> m.getSimpleName().contentEquals("main"))
                .filter(m -> m.getReturnType().getKind() == TypeKind.VOID)
                .filter(m -> !m.getModifiers().contains(Modifier.PRIVATE))
                .collect(Collectors.toList());
        ExecutableElement best = find(all);
        return best != null ? best
                : all.stream().filter(m -> m.getParameters().isEmpty()).findAny().orElse(null);
    }

    /* Why Java took no such method before; null: it always did. */
    private static String check(ExecutableElement main) {
        if (!main.getModifiers().containsAll(Set.of(Modifier.PUBLIC, Modifier.STATIC))) {
            return "'main' method is not declared 'public static'";
        }
        return main.getReturnType().getKind() == TypeKind.VOID && !main.getParameters().isEmpty()
                ? null : "'main' method is not declared with a return type of 'void'";
    }

    /* One in the unnamed package. */
    private boolean mayHaveSubclass(TypeElement type) {
        Set<Modifier> is = type.getModifiers();
        boolean isSealed = is.stream().anyMatch(m -> m.name().equals("SEALED"));
        boolean isSeen = is.contains(Modifier.PUBLIC) || program.indexOf('.') < 0;
        return type.getKind() == ElementKind.CLASS && isSeen && !isSealed
                && !is.contains(Modifier.FINAL);
    }

    private byte[] subclass() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeInt(CLASS_FILE_MAGIC);
        out.writeInt(CLASS_FILE_JAVA_8);
        out.writeShort(5); /* the constants, and one */
        writeClass(out, NAME, 2);
        writeClass(out, program.replace('.', '/'), 4);
        out.writeShort(ACC_PUBLIC | ACC_SUPER | ACC_SYNTHETIC);
        out.writeShort(1);
        out.writeShort(3);
        out.writeLong(0); /* no interfaces, fields, methods, attributes */
        return bytes.toByteArray();
    }

    /* The constant of a class, and that of its name behind it, which is the `at`th. */
    private static void writeClass(DataOutputStream out, String name, int at) throws IOException {
        out.writeByte(CONSTANT_CLASS);
        out.writeShort(at);
        out.writeByte(CONSTANT_UTF8);
        out.writeUTF(name);
    }

    private byte[] caller() throws IOException {
        try (InputStream in = Starter.class.getResourceAsStream("/" + NAME + ".class")) {
            /* One char for each byte. */
            String bytes = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
            return bytes.replace(constant(PLACEHOLDER), constant(program))
                    .getBytes(StandardCharsets.ISO_8859_1);
        }
    }

    private static String constant(String text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        new DataOutputStream(bytes).writeUTF(text);
        return bytes.toString(StandardCharsets.ISO_8859_1);
    }
}
