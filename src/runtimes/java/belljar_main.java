/* SPDX-License-Identifier: Apache-2.0 */
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;

/*
 * Starts a program whose class can have no subclass; belljar.Starter puts the class's name in.  As
 * "java file.java" does it: the frames below the program's own are no part of what is printed.
 */
public final class belljar_main {
    private belljar_main() {
    }

    public static void main(String[] args) throws Throwable {
        try {
            run(Class.forName("belljar.program"), args);
        } catch (InvocationTargetException e) {
            Throwable cause = e.getCause();
            StackTraceElement[] frames = cause.getStackTrace();
            int ours = Math.min(e.getStackTrace().length, frames.length);
            cause.setStackTrace(Arrays.copyOf(frames, frames.length - ours));
            throw cause;
        }
    }

    private static void run(Class<?> program, String[] args) throws ReflectiveOperationException {
        Method main = find(program, String[].class);
        if (main != null) {
            main.invoke(object(program, main), (Object) args);
            return;
        }
        main = find(program);
        main.invoke(object(program, main));
    }

    private static Method find(Class<?> program, Class<?>... parameters) {
        for (Class<?> c = program; c != null; c = c.getSuperclass()) {
            try {
                Method main = c.getDeclaredMethod("main", parameters);
                main.setAccessible(true);
                return main;
            } catch (NoSuchMethodException e) {
                continue;
            }
        }
        return null;
    }

    private static Object object(Class<?> program, Method main)
            throws ReflectiveOperationException {
        if (Modifier.isStatic(main.getModifiers())) {
            return null;
        }
        Constructor<?> constructor = program.getDeclaredConstructor();
        constructor.setAccessible(true);
        return constructor.newInstance();
    }
}
