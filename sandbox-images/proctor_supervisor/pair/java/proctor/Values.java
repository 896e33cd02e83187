package proctor;

import java.lang.reflect.Array;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.Vector;

/**
 * Values of `script` tests, between two Java programs: what the library has, type and all; anything else is referred to.
 *
 * <p>null, booleans, strings and (for Integer) numbers stand for themselves; all else is a list of a tag and a content:
 * ["long", "5"], ["ArrayList", […]], ["int[]", […]], ["HashMap", [[k, v]…]], ["Optional", [v]], ["throw", […]], …
 * An own implementation of List, Set or Map arrives as a plain one with the same content.
 */
abstract class Values {
    private static final int DEPTH_MAX = 500;
    private static final Map<String, Class<?>> PRIMITIVES = Map.of(
            "int", int.class, "long", long.class, "double", double.class, "float", float.class, "boolean", boolean.class,
            "char", char.class, "short", short.class, "byte", byte.class);

    /** What cannot be sent. */
    static final class CannotCross extends RuntimeException {
        CannotCross(String message) {
            super(message);
        }
    }

    /** What the library has no name for: an object or a function of this end, or one of the other's given back. */
    abstract Object refer(Object value);

    /** The inverse, for a tag that is none of the library's. */
    abstract Object resolve(String tag, Object content);

    final Object encode(Object value) {
        return encode(value, 0);
    }

    private Object encode(Object value, int depth) {
        if (value == null || value instanceof Boolean || value instanceof String || value instanceof Integer) {
            return value;
        }
        if (depth > DEPTH_MAX) {
            throw new CannotCross("a value that is nested too deeply");
        }
        if (value instanceof Long || value instanceof Double || value instanceof Float || value instanceof Short
                || value instanceof Byte || value instanceof Character || value instanceof BigInteger
                || value instanceof BigDecimal || value instanceof StringBuilder) {
            return List.of(value.getClass().getSimpleName(), value.toString());
        }
        if (value instanceof Optional) {
            return List.of("Optional", ((Optional<?>) value).map(v -> some(v, depth)).map(List::of).orElse(List.of()));
        }
        if (value.getClass().isArray()) {
            List<Object> items = new ArrayList<>();
            for (int i = 0; i < Array.getLength(value); i++) {
                items.add(encode(Array.get(value, i), depth + 1));
            }
            return List.of(value.getClass().getCanonicalName(), items);
        }
        if (value instanceof Map) {
            List<Object> pairs = new ArrayList<>();
            ((Map<?, ?>) value).forEach((k, v) -> pairs.add(Arrays.asList(encode(k, depth + 1), encode(v, depth + 1))));
            return List.of(value instanceof SortedMap ? "TreeMap" : value.getClass() == HashMap.class ? "HashMap" : "LinkedHashMap", pairs);
        }
        if (value instanceof Map.Entry) {
            Map.Entry<?, ?> entry = (Map.Entry<?, ?>) value;
            return List.of("Entry", Arrays.asList(encode(entry.getKey(), depth + 1), encode(entry.getValue(), depth + 1)));
        }
        if (value instanceof Collection) {
            List<Object> items = new ArrayList<>();
            ((Collection<?>) value).forEach(item -> items.add(encode(item, depth + 1)));
            return List.of(kind((Collection<?>) value), items);
        }
        return refer(value);
    }

    private Object some(Object value, int depth) {
        return encode(value, depth + 1);
    }

    private static String kind(Collection<?> value) {
        if (value instanceof Set) {
            return value instanceof SortedSet ? "TreeSet" : value.getClass() == HashSet.class ? "HashSet" : "LinkedHashSet";
        }
        if (value instanceof PriorityQueue) {
            return "PriorityQueue";
        }
        if (value instanceof LinkedList) {
            return "LinkedList";
        }
        if (value instanceof Vector) {
            return "Vector";
        }
        return value instanceof Queue && !(value instanceof List) ? "ArrayDeque" : "ArrayList";
    }

    /** Throws Channel.Malformed. */
    final Object decode(Object data) {
        try {
            return decode(data, 0);
        } catch (ClassCastException | IllegalArgumentException | IndexOutOfBoundsException | NullPointerException error) {
            throw new Channel.Malformed("a value that is none");
        }
    }

    private Object decode(Object data, int depth) {
        if (data instanceof Long) {
            return Math.toIntExact((Long) data);
        }
        if (!(data instanceof List)) {
            if (data == null || data instanceof Boolean || data instanceof String) {
                return data;
            }
            throw new Channel.Malformed("a value that is none");
        }
        if (depth > DEPTH_MAX) {
            throw new Channel.Malformed("a value that is nested too deeply");
        }
        String tag = (String) ((List<?>) data).get(0);
        Object content = ((List<?>) data).get(1);
        return content instanceof String ? scalar(tag, (String) content) : compound(tag, content, depth + 1);
    }

    private Object scalar(String tag, String text) {
        switch (tag) {
            case "Long":
                return Long.valueOf(text);
            case "Double":
                return Double.valueOf(text);
            case "Float":
                return Float.valueOf(text);
            case "Short":
                return Short.valueOf(text);
            case "Byte":
                return Byte.valueOf(text);
            case "Character":
                return text.charAt(0);
            case "BigInteger":
                return new BigInteger(text);
            case "BigDecimal":
                return new BigDecimal(text);
            case "StringBuilder":
                return new StringBuilder(text);
            default:
                return resolve(tag, text);
        }
    }

    private Object compound(String tag, Object content, int depth) {
        if (tag.endsWith("[]")) {
            return array(tag.substring(0, tag.length() - 2), (List<?>) content, depth);
        }
        if (tag.endsWith("Map")) {
            Map<Object, Object> made = tag.equals("TreeMap") ? new TreeMap<>() : tag.equals("HashMap") ? new HashMap<>() : new LinkedHashMap<>();
            for (Object pair : (List<?>) content) {
                made.put(decode(((List<?>) pair).get(0), depth), decode(((List<?>) pair).get(1), depth));
            }
            return made;
        }
        Collection<Object> made = collection(tag);
        if (made != null) {
            ((List<?>) content).forEach(item -> made.add(decode(item, depth)));
            return made;
        }
        if (tag.equals("Optional")) {
            return ((List<?>) content).isEmpty() ? Optional.empty() : Optional.of(decode(((List<?>) content).get(0), depth));
        }
        if (tag.equals("Entry")) {
            return new java.util.AbstractMap.SimpleEntry<>(decode(((List<?>) content).get(0), depth), decode(((List<?>) content).get(1), depth));
        }
        return resolve(tag, content);
    }

    private static Collection<Object> collection(String tag) {
        switch (tag) {
            case "ArrayList":
                return new ArrayList<>();
            case "LinkedList":
                return new LinkedList<>();
            case "Vector":
                return new Vector<>();
            case "ArrayDeque":
                return new ArrayDeque<>();
            case "PriorityQueue":
                return new PriorityQueue<>();
            case "HashSet":
                return new HashSet<>();
            case "LinkedHashSet":
                return new LinkedHashSet<>();
            case "TreeSet":
                return new TreeSet<>();
            default:
                return null;
        }
    }

    private Object array(String component, List<?> items, int depth) {
        Object made = Array.newInstance(named(component), items.size());
        for (int i = 0; i < items.size(); i++) {
            Array.set(made, i, decode(items.get(i), depth));
        }
        return made;
    }

    /** The class of a component type, as far as the library goes; Object for all else. */
    static Class<?> named(String name) {
        if (name.endsWith("[]")) {
            return Array.newInstance(named(name.substring(0, name.length() - 2)), 0).getClass();
        }
        if (PRIMITIVES.containsKey(name)) {
            return PRIMITIVES.get(name);
        }
        try {
            return name.startsWith("java.") ? Class.forName(name, false, Values.class.getClassLoader()) : Object.class;
        } catch (ClassNotFoundException error) {
            return Object.class;
        }
    }

    /** Make a mutable argument what the other end made of it. */
    @SuppressWarnings("unchecked")
    static void change(Object own, Object now) {
        try {
            if (own instanceof List && ((List<Object>) own).size() == ((List<Object>) now).size()) {
                for (int i = 0; i < ((List<Object>) own).size(); i++) { // also where the size is fixed
                    ((List<Object>) own).set(i, ((List<Object>) now).get(i));
                }
            } else if (own instanceof Collection) {
                Collection<Object> mine = (Collection<Object>) own;
                List<Object> content = new ArrayList<>((Collection<Object>) now);
                mine.clear();
                mine.addAll(content);
            } else if (own instanceof Map) {
                ((Map<Object, Object>) own).clear();
                ((Map<Object, Object>) own).putAll((Map<Object, Object>) now);
            } else if (own != null && own.getClass().isArray()) {
                for (int i = 0; i < Array.getLength(own); i++) {
                    Array.set(own, i, Array.get(now, i));
                }
            } else if (own instanceof StringBuilder) {
                ((StringBuilder) own).setLength(0);
                ((StringBuilder) own).append(now);
            }
        } catch (UnsupportedOperationException | ClassCastException | IndexOutOfBoundsException | IllegalArgumentException error) {
            throw new IllegalStateException("an argument cannot become what the call made of it", error);
        }
    }
}
