package proctor;

import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;

/** Starts the class that {@link Compile} found, so that it starts with the classes that the image has archived. */
public final class Run {
    private Run() {}

    public static void main(String[] args) throws Throwable {
        String name;
        try (InputStream in = Run.class.getClassLoader().getResourceAsStream("proctor.main")) {
            name = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        if (name.isEmpty()) {
            System.err.println("error: no main method found: public static void main(String[] args)");
            System.exit(1);
        }
        try {
            var main = Class.forName(name).getDeclaredMethod("main", String[].class);
            main.setAccessible(true);
            main.invoke(null, (Object) args);
        } catch (InvocationTargetException error) {
            throw error.getCause();
        }
    }
}
