package proctor;

import java.io.FileOutputStream;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The tests' end of `script` tests: compiles the test code against classes that stand for the candidate's, and runs its
 * `main` as one case. The candidate's process is elsewhere.
 *
 * <p>{@code java proctor.Tests FILE}: a file with {code}. The report goes to descriptor 4, JSON lines as in
 * pair/report.py. Tests pass when `main` returns and something of the candidate's was used; an error of its own fails
 * them (wrong_answer), as does one that the candidate threw (runtime_error).
 */
public final class Tests {
    private static final String IMPORTS = "import java.util.*; import java.util.function.*; import java.util.stream.*; import java.math.*; import java.io.*; ";
    private static final List<String> PACKAGES = List.of("java.lang.", "java.util.", "java.util.function.", "java.util.stream.", "java.math.", "java.io.");
    private static final Pattern WORD = Pattern.compile("[A-Za-z_$][\\w$]*");
    private static final Pattern DECLARED = Pattern.compile("\\b(?:class|interface|enum|record)\\s+([A-Za-z_$][\\w$]*)");
    private static final Pattern IMPORTED = Pattern.compile("^\\s*import\\s+(?:static\\s+)?([\\w.]+?)(\\.\\*)?\\s*;", Pattern.MULTILINE);
    private static final int DETAIL_MAX = 600;

    private static final FileOutputStream REPORT = new FileOutputStream(Channel.descriptor(4));
    private static boolean concluded;
    private static Remote.Link link;

    private Tests() {}

    public static void main(String[] args) throws IOException {
        Map<?, ?> tests = (Map<?, ?>) Json.read(Files.readString(Path.of(args[0]), StandardCharsets.UTF_8));
        String code = ((String) tests.get("code")).replaceFirst("(?m)^\\s*package\\s+[\\w.]+\\s*;", "");
        String plain = code.replaceAll("(?s)/\\*.*?\\*/", " ").replaceAll("//[^\\n]*", " ").replaceAll("\"(?:[^\"\\\\\\n]|\\\\.)*\"", "\"\"");
        Set<String> words = found(WORD, plain);
        Set<String> own = found(DECLARED, plain);
        check(code, plain, words, own);
        report("total", 1);
        Loader loader = new Loader();
        link = new Remote.Link(loader::stub);
        List<?> described = link.described();
        report("case", 0);
        Stubs stubs = null;
        try {
            stubs = new Stubs(described, name -> !own.contains(name) && !isLibrary(name), words);
            Map<String, String> sources = new LinkedHashMap<>(stubs.sources());
            sources.put("Tests.java", IMPORTS + code);
            run(stubs, sources, loader);
        } catch (ClassCastException | NullPointerException | IndexOutOfBoundsException error) {
            if (stubs != null) {
                throw error;
            }
            link.tampered("classes that are none");
        }
    }

    /** What is wrong with the tests alone ends here. */
    private static void check(String code, String plain, Set<String> words, Set<String> own) throws IOException {
        Compile.Result parsed = Compile.parse(IMPORTS + code);
        if (parsed.wrong != null) {
            refuse("the test code does not compile: " + parsed.wrong);
        }
        Matcher imports = IMPORTED.matcher(plain);
        while (imports.find()) {
            if (imports.group(2) == null && imports.group(1).contains(".") && !plain.contains("import static") && !exists(imports.group(1))) {
                refuse("the tests import what this sandbox does not have: " + imports.group(1));
            }
        }
        if (!words.contains("main")) {
            refuse("the tests have no main method");
        }
        boolean uses = words.stream().anyMatch(w -> Character.isUpperCase(w.charAt(0)) && !own.contains(w) && !isLibrary(w));
        if (!uses) {
            refuse("the tests never use the candidate");
        }
        if (!plain.matches("(?s).*\\b(?:assert|throw|exit|fail|halt)\\b.*")) {
            refuse("the tests assert nothing");
        }
    }

    private static void run(Stubs stubs, Map<String, String> sources, Loader loader) throws IOException {
        Compile.Result result = Compile.compile(sources);
        if (result.wrong != null) {
            conclude("compile_error", "the tests do not compile against this code: " + result.wrong, 0);
        }
        loader.classes.putAll(result.classes);
        loader.standing = stubs;
        loader.setDefaultAssertionStatus(true);
        Thread.setDefaultUncaughtExceptionHandler((thread, error) -> failed(error));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> exited()));
        try {
            var main = loader.loadClass(result.main).getMethod("main", String[].class);
            main.setAccessible(true);
            main.invoke(null, (Object) new String[0]);
        } catch (InvocationTargetException error) {
            failed(error.getCause());
        } catch (ReflectiveOperationException | NullPointerException error) {
            conclude("wrong_answer", "the tests have no main method that can be run", 0);
        }
        passed();
    }

    private static void passed() {
        if (link.used) {
            conclude("passed", null, 0);
        }
        conclude("wrong_answer", "nothing of the candidate's was used", 0);
    }

    /** The tests called System.exit: they have no way to tell its status from here, so that is no pass. */
    private static void exited() {
        conclude("wrong_answer", "the tests ended the program", 0);
    }

    private static void failed(Throwable error) {
        String where = "";
        for (StackTraceElement frame : error.getStackTrace()) {
            if ("Tests.java".equals(frame.getFileName()) && !frame.getClassName().startsWith("proctor.")) {
                where = " (tests line " + frame.getLineNumber() + ")";
                break;
            }
        }
        String text = error.getClass().getSimpleName() + (error.getMessage() == null ? "" : ": " + error.getMessage()) + where;
        boolean theirs = link.isTheirs(error);
        conclude(theirs ? error instanceof OutOfMemoryError ? "memory_limit" : "runtime_error" : "wrong_answer", text, 0);
    }

    static synchronized void conclude(String verdict, String detail, int status) {
        if (!concluded) {
            concluded = true;
            if (verdict.equals("tampered")) {
                report("flag", "tampered");
            }
            Map<String, Object> end = new LinkedHashMap<>();
            end.put("end", 0);
            end.put("verdict", verdict);
            end.put("detail", detail == null ? null : detail.substring(0, Math.min(DETAIL_MAX, detail.length())));
            line(end);
            if (status == 0) {
                report("done", true);
            }
            link.bye();
        }
        exit(status);
    }

    static void exit(int status) {
        System.out.flush();
        Runtime.getRuntime().halt(status);
    }

    private static void refuse(String text) {
        report("tests_error", text.substring(0, Math.min(DETAIL_MAX, text.length())));
        report("done", true);
        exit(0);
    }

    private static void report(String name, Object value) {
        line(Map.of(name, value));
    }

    private static void line(Map<String, Object> record) {
        try {
            REPORT.write((Json.write(record) + "\n").getBytes(StandardCharsets.US_ASCII));
        } catch (IOException error) {
            Runtime.getRuntime().halt(1);
        }
    }

    private static Set<String> found(Pattern pattern, String text) {
        Set<String> made = new HashSet<>();
        Matcher matcher = pattern.matcher(text);
        while (matcher.find()) {
            made.add(matcher.group(matcher.groupCount()));
        }
        return made;
    }

    /** Whether a simple name is the library's: never the candidate's to define. */
    private static boolean isLibrary(String name) {
        return PACKAGES.stream().anyMatch(of -> exists(of + name));
    }

    private static boolean exists(String name) {
        try {
            Class.forName(name, false, null);
            return true;
        } catch (ClassNotFoundException | LinkageError error) {
            return false;
        }
    }

    private static final class Loader extends ClassLoader {
        final Map<String, byte[]> classes = new LinkedHashMap<>();
        Stubs standing;

        Loader() {
            super(Tests.class.getClassLoader());
        }

        Class<?> stub(String name) {
            try {
                return standing != null && standing.has(name) ? loadClass(name) : null;
            } catch (ClassNotFoundException error) {
                return null;
            }
        }

        @Override
        protected Class<?> findClass(String name) throws ClassNotFoundException {
            byte[] content = classes.get(name);
            if (content == null) {
                throw new ClassNotFoundException(name);
            }
            return defineClass(name, content, 0, content.length);
        }
    }
}
