package proctor;

import com.sun.source.util.JavacTask;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.lang.model.element.Element;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.TypeElement;
import javax.lang.model.util.ElementFilter;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * The compiler: sources → classes, in memory. A file may hold a public class of any name, for what a program is called
 * is not what it is judged by.
 *
 * <p>{@code java proctor.Compile FILE…} writes program.jar, with the class to start in {@code proctor.main} and the names
 * of the top-level classes in {@code proctor.classes}.
 */
public final class Compile {
    private static final int DIAGNOSTICS_MAX = 20;
    private static final List<String> FIRST = List.of("Main", "Solution");

    /** Classes by binary name; those at the top level, in order; the class to start, or null; what was wrong, or null. */
    public static final class Result {
        public final Map<String, byte[]> classes = new LinkedHashMap<>();
        public final List<String> top = new ArrayList<>();
        public String main;
        public String wrong;
    }

    private Compile() {}

    public static void main(String[] names) throws IOException {
        Map<String, String> sources = new LinkedHashMap<>();
        for (String name : names) {
            sources.put(name, Files.readString(Path.of(name), StandardCharsets.UTF_8));
        }
        Result result = compile(sources);
        if (result.wrong != null) {
            System.err.println(result.wrong);
            System.exit(1);
        }
        pack(result, Path.of("program.jar"));
    }

    /** Whether a source can be parsed: `wrong` is null then, and nothing else is set. */
    public static Result parse(String source) throws IOException {
        return run(Map.of("Tests.java", source), true);
    }

    /** Compile sources, by file name. */
    public static Result compile(Map<String, String> sources) throws IOException {
        return run(sources, false);
    }

    private static Result run(Map<String, String> sources, boolean parseAlone) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> said = new DiagnosticCollector<>();
        Result result = new Result();
        List<JavaFileObject> files = new ArrayList<>();
        sources.forEach((name, text) -> files.add(new Source(name, text)));
        List<String> options = List.of("-proc:none", "-nowarn", "-Xlint:none", "-XDuseUnsharedTable=true");
        try (StandardJavaFileManager standard = compiler.getStandardFileManager(said, Locale.ROOT, StandardCharsets.UTF_8)) {
            Memory memory = new Memory(standard, result);
            JavacTask task = (JavacTask) compiler.getTask(null, memory, said, options, null, files);
            task.parse();
            if (!parseAlone && !failed(said)) {
                look(task, task.analyze(), result);
            }
            if (!parseAlone && !failed(said)) {
                task.generate();
            }
        }
        if (failed(said)) {
            result.wrong = told(said);
        }
        return result;
    }

    private static void look(JavacTask task, Iterable<? extends Element> elements, Result result) {
        for (TypeElement type : ElementFilter.typesIn(nested(elements))) {
            String name = task.getElements().getBinaryName(type).toString();
            if (type.getEnclosingElement().getKind().toString().equals("PACKAGE") && !result.top.contains(name)) {
                result.top.add(name);
            }
            if (starts(type) && (result.main == null || rank(name) < rank(result.main))) {
                result.main = name;
            }
        }
    }

    private static List<Element> nested(Iterable<? extends Element> elements) {
        List<Element> all = new ArrayList<>();
        for (Element element : elements) {
            all.add(element);
            all.addAll(nested(ElementFilter.typesIn(element.getEnclosedElements())));
        }
        return all;
    }

    private static int rank(String name) {
        int known = FIRST.indexOf(name.substring(name.lastIndexOf('.') + 1));
        return known < 0 ? FIRST.size() : known;
    }

    private static boolean starts(TypeElement type) {
        for (ExecutableElement method : ElementFilter.methodsIn(type.getEnclosedElements())) {
            boolean open = method.getModifiers().containsAll(List.of(Modifier.PUBLIC, Modifier.STATIC));
            if (open && method.getSimpleName().contentEquals("main") && method.getParameters().size() == 1
                    && method.getParameters().get(0).asType().toString().equals("java.lang.String[]")) {
                return true;
            }
        }
        return false;
    }

    private static boolean failed(DiagnosticCollector<JavaFileObject> said) {
        return said.getDiagnostics().stream().anyMatch(one -> one.getKind() == Diagnostic.Kind.ERROR);
    }

    private static String told(DiagnosticCollector<JavaFileObject> said) {
        StringBuilder text = new StringBuilder();
        int count = 0;
        for (Diagnostic<? extends JavaFileObject> one : said.getDiagnostics()) {
            if (one.getKind() == Diagnostic.Kind.ERROR && count++ < DIAGNOSTICS_MAX) {
                String file = one.getSource() == null ? "" : one.getSource().getName() + ":" + one.getLineNumber() + ": ";
                text.append(file).append("error: ").append(one.getMessage(Locale.ROOT)).append('\n');
            }
        }
        return text.append(count).append(count == 1 ? " error" : " errors").toString();
    }

    private static void pack(Result result, Path jar) throws IOException {
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(jar))) {
            zip.setMethod(ZipOutputStream.STORED);
            put(zip, "proctor.main", (result.main == null ? "" : result.main).getBytes(StandardCharsets.UTF_8));
            put(zip, "proctor.classes", String.join("\n", result.top).getBytes(StandardCharsets.UTF_8));
            for (Map.Entry<String, byte[]> entry : result.classes.entrySet()) {
                put(zip, entry.getKey().replace('.', '/') + ".class", entry.getValue());
            }
        }
    }

    private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        CRC32 sum = new CRC32();
        sum.update(content);
        entry.setSize(content.length);
        entry.setCrc(sum.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }

    private static final class Source extends SimpleJavaFileObject {
        private final String name;
        private final String text;

        Source(String name, String text) {
            super(URI.create("string:///" + name), Kind.SOURCE);
            this.name = name;
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignore) {
            return text;
        }

        @Override
        public boolean isNameCompatible(String simpleName, Kind kind) {
            return true;
        }

        @Override
        public String getName() {
            return name;
        }
    }

    private static final class Memory extends ForwardingJavaFileManager<StandardJavaFileManager> {
        private final Result result;

        Memory(StandardJavaFileManager standard, Result result) {
            super(standard);
            this.result = result;
        }

        @Override
        public JavaFileObject getJavaFileForOutput(
                JavaFileManager.Location location, String className, JavaFileObject.Kind kind, FileObject sibling) {
            return new SimpleJavaFileObject(URI.create("mem:///" + className.replace('.', '/') + ".class"), kind) {
                @Override
                public OutputStream openOutputStream() {
                    return new ByteArrayOutputStream() {
                        @Override
                        public void close() {
                            result.classes.put(className, toByteArray());
                        }
                    };
                }
            };
        }
    }
}
