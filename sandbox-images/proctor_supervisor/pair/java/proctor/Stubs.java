package proctor;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.lang.model.SourceVersion;

/**
 * Writes the classes that stand for the candidate's, from what it says they offer ({@link Describe}).
 *
 * <p>That is hostile text which becomes source code in the tests' process, so nothing of it is copied but identifiers
 * and types, each checked: a type is made of primitives, library classes, type variables, and those of the candidate's
 * classes that stand here too. A class whose name the library or the tests have is never the candidate's. One that the
 * tests do not name stands without any method.
 */
final class Stubs {
    private static final Pattern TYPE = Pattern.compile("[\\w$.<>\\[\\],?& ]{1,2000}");
    private static final Pattern WORD = Pattern.compile("[\\w$.]+");
    private static final Set<String> PLAIN = Set.of(
            "int", "long", "double", "float", "boolean", "char", "short", "byte", "void", "extends", "super");

    private final Map<String, Map<?, ?>> classes = new LinkedHashMap<>();
    private final Set<String> named;

    /** usable: whether a class name may be the candidate's; named: names in the tests. */
    Stubs(List<?> described, java.util.function.Predicate<String> usable, Set<String> named) {
        this.named = named;
        for (Object one : described) {
            Map<?, ?> type = (Map<?, ?>) one;
            String name = (String) type.get("name");
            if (isName(name) && usable.test(name)) {
                classes.put(name, type);
            }
        }
    }

    private static boolean isName(String name) {
        return name.matches("[A-Za-z_$][\\w$]*") && SourceVersion.isName(name);
    }

    /** Whether any class that the tests name is there. */
    boolean any() {
        return classes.keySet().stream().anyMatch(named::contains);
    }

    boolean has(String name) {
        return classes.containsKey(name);
    }

    /** Sources by file name. */
    Map<String, String> sources() {
        Map<String, String> made = new LinkedHashMap<>();
        classes.forEach((name, type) -> made.put(name + ".java", source(name, type)));
        return made;
    }

    private String source(String name, Map<?, ?> type) {
        Set<String> variables = new HashSet<>();
        String generic = generic((List<?>) type.get("generic"), variables);
        String up = classes.containsKey(type.get("up")) ? (String) type.get("up") : "proctor.Remote";
        StringBuilder out = new StringBuilder("@SuppressWarnings(\"all\") public class " + name + (generic == null ? "" : generic));
        out.append(" extends ").append(up).append(" {\n  public ").append(name).append("(proctor.Remote.Mark m) { super(m); }\n");
        if (named.contains(name) && generic != null) {
            each((List<?>) type.get("constructors"), (index, one) -> out.append(constructor(name, index, one, variables)));
            each((List<?>) type.get("methods"), (index, one) -> out.append(method(name, index, one, variables)));
        }
        return out.append("}\n").toString();
    }

    private static void each(List<?> items, java.util.function.BiConsumer<Integer, Map<?, ?>> use) {
        for (int i = 0; i < items.size(); i++) {
            use.accept(i, (Map<?, ?>) items.get(i));
        }
    }

    private String constructor(String of, int index, Map<?, ?> one, Set<String> outer) {
        String parameters = parameters(one, outer);
        if (parameters == null) {
            return "";
        }
        String body = "super((proctor.Remote.Mark) null); make(\"" + of + "\", " + index + ", " + passed(one) + ");";
        return "  public " + of + "(" + parameters + ")" + exceptions(one) + " { " + body + " }\n";
    }

    private String method(String of, int index, Map<?, ?> one, Set<String> outer) {
        String name = (String) one.get("name");
        Set<String> variables = new HashSet<>(outer);
        String generic = generic((List<?>) one.get("generic"), variables);
        String returns = type((String) one.get("returns"), variables);
        String parameters = parameters(one, variables);
        boolean isStatic = Boolean.TRUE.equals(one.get("static"));
        if (!isName(name) || generic == null || returns == null || parameters == null || Set.of("make", "call", "callStatic").contains(name)) {
            return "";
        }
        String ask = isStatic ? "callStatic(\"" + of + "\", " + index + ", " + passed(one) + ")"
                : "call(\"" + of + "\", " + index + ", \"" + name + "\", " + passed(one) + ")";
        if (name.equals("equals") && parameters.equals("java.lang.Object a0")) {
            return "  public boolean equals(Object a0) { return a0 instanceof proctor.Remote && (boolean) " + ask + "; }\n";
        }
        String body = returns.equals("void") ? ask : "return (" + returns + ") " + ask;
        return "  public " + (isStatic ? "static " : "") + generic + " " + returns + " " + name + "(" + parameters + ")"
                + exceptions(one) + " { " + body + "; }\n";
    }

    private static String passed(Map<?, ?> one) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < ((List<?>) one.get("parameters")).size(); i++) {
            names.add("a" + i);
        }
        return "new Object[] {" + String.join(", ", names) + "}";
    }

    /** Null where a type is not one that may stand here. */
    private String parameters(Map<?, ?> one, Set<String> variables) {
        List<String> made = new ArrayList<>();
        List<?> types = (List<?>) one.get("parameters");
        for (int i = 0; i < types.size(); i++) {
            String type = type((String) types.get(i), variables);
            if (type == null) {
                return null;
            }
            boolean spread = Boolean.TRUE.equals(one.get("varargs")) && i == types.size() - 1 && type.endsWith("[]");
            made.add((spread ? type.substring(0, type.length() - 2) + "..." : type) + " a" + i);
        }
        return String.join(", ", made);
    }

    private String exceptions(Map<?, ?> one) {
        List<String> made = new ArrayList<>();
        for (Object type : (List<?>) one.get("throws")) {
            if (((String) type).matches("java\\.[\\w.]+") && type((String) type, Set.of()) != null) {
                made.add((String) type);
            }
        }
        return made.isEmpty() ? "" : " throws " + String.join(", ", made);
    }

    /** Type variables with their bounds, "" for none; they are added to `variables`. Null where one may not stand here. */
    private String generic(List<?> told, Set<String> variables) {
        List<String> made = new ArrayList<>();
        told.forEach(one -> variables.add((String) ((List<?>) one).get(0)));
        for (Object one : told) {
            String name = (String) ((List<?>) one).get(0);
            List<String> bounds = new ArrayList<>();
            for (Object bound : (List<?>) ((List<?>) one).get(1)) {
                bounds.add(type((String) bound, variables));
            }
            if (!isName(name) || bounds.contains(null)) {
                return null;
            }
            made.add(name + (bounds.isEmpty() ? "" : " extends " + String.join(" & ", bounds)));
        }
        return made.isEmpty() ? "" : "<" + String.join(", ", made) + ">";
    }

    /** A type as source text; null where it may not stand here. */
    private String type(String told, Set<String> variables) {
        if (!TYPE.matcher(told).matches()) {
            return null;
        }
        Matcher words = WORD.matcher(told);
        while (words.find()) {
            String word = words.group();
            boolean library = word.startsWith("java.") && isLibrary(word);
            if (!library && !PLAIN.contains(word) && !variables.contains(word) && !classes.containsKey(word)) {
                return null;
            }
        }
        return told.replace('$', '.');
    }

    private static boolean isLibrary(String name) {
        try {
            Class.forName(name, false, null);
            return true;
        } catch (ClassNotFoundException | LinkageError error) {
            return false;
        }
    }
}
