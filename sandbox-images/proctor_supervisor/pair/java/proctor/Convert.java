package proctor;

import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.WildcardType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * JSON values of `function` tests (see pair/foreign.py) as what a method declares, and its results back.
 *
 * <p>A number fits a parameter that can hold it exactly; a string of one character fits a char; a list fits arrays,
 * collections, and linked lists and trees of nodes (classes with val and next, or val, left and right).
 */
final class Convert {
    private static final int LENGTH_MAX = 1_000_000;
    private static final Object NO_NODE = new Object();
    private static final Map<Class<?>, Class<?>> BOXES = Map.of(
            int.class, Integer.class, long.class, Long.class, double.class, Double.class, float.class, Float.class,
            boolean.class, Boolean.class, char.class, Character.class, short.class, Short.class, byte.class, Byte.class);

    /** The value does not fit the type. */
    static final class Misfit extends RuntimeException {
        Misfit(Object value, Type type) {
            super("an argument does not fit " + type.getTypeName());
        }
    }

    private Convert() {}

    /** Throws Misfit. */
    static Object to(Object data, Type type) {
        if (type instanceof GenericArrayType) {
            Type item = ((GenericArrayType) type).getGenericComponentType();
            return array(data, raw(item), item);
        }
        Class<?> made = raw(type);
        if (made.isArray()) {
            return array(data, made.getComponentType(), made.getComponentType());
        }
        Object value = plain(data);
        if (value == null) {
            if (made.isPrimitive()) {
                throw new Misfit(null, type);
            }
            return null;
        }
        Class<?> box = BOXES.getOrDefault(made, made);
        if (Number.class.isAssignableFrom(box)) {
            return number(value, box);
        }
        if (box == Character.class && value instanceof String && ((String) value).length() == 1) {
            return ((String) value).charAt(0);
        }
        if (made == Object.class || made == CharSequence.class || made == Comparable.class) {
            return natural(value);
        }
        if (box == Boolean.class || made == String.class) {
            if (made.isInstance(value) || box.isInstance(value)) {
                return value;
            }
            throw new Misfit(value, type);
        }
        return container(value, made, type);
    }

    private static Object container(Object value, Class<?> made, Type type) {
        if (made == Optional.class) {
            return Optional.ofNullable(to(value, argument(type, 0)));
        }
        if (made == StringBuilder.class && value instanceof String) {
            return new StringBuilder((String) value);
        }
        if (Map.class.isAssignableFrom(made) && value instanceof Map) {
            Map<Object, Object> map = map(made);
            ((Map<?, ?>) value).forEach((k, v) -> map.put(key(k, argument(type, 0)), to(v, argument(type, 1))));
            return map;
        }
        if (value instanceof List && Iterable.class.isAssignableFrom(made)) {
            Collection<Object> items = collection(made);
            ((List<?>) value).forEach(item -> items.add(to(item, argument(type, 0))));
            return items;
        }
        if (value instanceof List && has(made, "next")) {
            return linked((List<?>) value, made);
        }
        if (value instanceof List && has(made, "left") && has(made, "right")) {
            return tree((List<?>) value, made);
        }
        throw new Misfit(value, type);
    }

    /** Tags as Java's own: numbers, lists, maps. */
    static Object plain(Object data) {
        if (!(data instanceof Map)) {
            return data;
        }
        Map.Entry<?, ?> tag = ((Map<?, ?>) data).entrySet().iterator().next();
        switch ((String) tag.getKey()) {
            case "u":
                return null;
            case "n":
                return Double.parseDouble((String) tag.getValue());
            case "b":
                return new BigInteger((String) tag.getValue());
            case "s":
                return tag.getValue();
            case "a":
                return ((List<?>) tag.getValue()).get(1);
            default:
                Map<Object, Object> made = new LinkedHashMap<>();
                for (Object pair : (List<?>) tag.getValue()) {
                    made.put(((List<?>) pair).get(0), ((List<?>) pair).get(1));
                }
                return made;
        }
    }

    /** What Java makes of JSON where nothing is declared. */
    private static Object natural(Object value) {
        if (value instanceof Long && ((Long) value).intValue() == (Long) value) {
            return ((Long) value).intValue();
        }
        if (value instanceof List) {
            List<Object> made = new ArrayList<>();
            ((List<?>) value).forEach(item -> made.add(to(item, Object.class)));
            return made;
        }
        if (value instanceof Map) {
            Map<Object, Object> made = new LinkedHashMap<>();
            ((Map<?, ?>) value).forEach((k, v) -> made.put(to(k, Object.class), to(v, Object.class)));
            return made;
        }
        return value;
    }

    private static Object number(Object value, Class<?> box) {
        if (!(value instanceof Number)) {
            throw new Misfit(value, box);
        }
        try {
            if (box == Double.class || box == Float.class) {
                double exact = ((Number) value).doubleValue();
                return box == Double.class ? (Object) exact : (Object) (float) exact;
            }
            if (box == Number.class) {
                return natural(value);
            }
            BigDecimal exact = new BigDecimal(value.toString());
            if (box == BigDecimal.class) {
                return exact;
            }
            BigInteger whole = exact.toBigIntegerExact();
            return box == BigInteger.class ? whole : integer(whole, box);
        } catch (ArithmeticException | NumberFormatException error) {
            throw new Misfit(value, box);
        }
    }

    private static Object integer(BigInteger whole, Class<?> box) {
        if (box == Integer.class) {
            return whole.intValueExact();
        }
        if (box == Long.class) {
            return whole.longValueExact();
        }
        if (box == Short.class) {
            return whole.shortValueExact();
        }
        if (box == Byte.class) {
            return whole.byteValueExact();
        }
        throw new Misfit(whole, box);
    }

    private static Object key(Object key, Type type) {
        boolean text = key instanceof String && raw(type) != String.class && raw(type) != Object.class && raw(type) != Character.class;
        return to(text ? Json.read((String) key) : key, type);
    }

    private static Object array(Object data, Class<?> component, Type item) {
        Object value = plain(data);
        if (value == null) {
            return null;
        }
        if (component == char.class && value instanceof String) {
            return ((String) value).toCharArray();
        }
        if (!(value instanceof List)) {
            throw new Misfit(value, component);
        }
        List<?> items = (List<?>) value;
        Object made = Array.newInstance(component, items.size());
        for (int i = 0; i < items.size(); i++) {
            Array.set(made, i, to(items.get(i), item));
        }
        return made;
    }

    static Class<?> raw(Type type) {
        if (type instanceof Class) {
            return (Class<?>) type;
        }
        if (type instanceof ParameterizedType) {
            return raw(((ParameterizedType) type).getRawType());
        }
        if (type instanceof GenericArrayType) {
            return Array.newInstance(raw(((GenericArrayType) type).getGenericComponentType()), 0).getClass();
        }
        return type instanceof WildcardType ? raw(((WildcardType) type).getUpperBounds()[0]) : Object.class;
    }

    private static Type argument(Type type, int index) {
        return type instanceof ParameterizedType ? ((ParameterizedType) type).getActualTypeArguments()[index] : Object.class;
    }

    private static Collection<Object> collection(Class<?> made) {
        if (SortedSet.class.isAssignableFrom(made)) {
            return new TreeSet<>();
        }
        if (Set.class.isAssignableFrom(made)) {
            return made == LinkedHashSet.class ? new LinkedHashSet<>() : new HashSet<>();
        }
        if (made == PriorityQueue.class) {
            return new PriorityQueue<>();
        }
        if (made == LinkedList.class) {
            return new LinkedList<>();
        }
        return Deque.class.isAssignableFrom(made) || made == java.util.Queue.class ? new ArrayDeque<>() : new ArrayList<>();
    }

    private static Map<Object, Object> map(Class<?> made) {
        if (SortedMap.class.isAssignableFrom(made)) {
            return new TreeMap<>();
        }
        return made == HashMap.class ? new HashMap<>() : new LinkedHashMap<>();
    }

    private static boolean has(Class<?> made, String name) {
        return Arrays.stream(made.getDeclaredFields()).anyMatch(field -> field.getName().equals(name));
    }

    private static Object node(Class<?> made, Object value) {
        try {
            Field val = made.getDeclaredField("val");
            val.setAccessible(true);
            for (Constructor<?> constructor : made.getDeclaredConstructors()) {
                int count = constructor.getParameterCount();
                if (count <= 1) {
                    constructor.setAccessible(true);
                    Object item = to(value, val.getGenericType());
                    Object node = count == 0 ? constructor.newInstance() : constructor.newInstance(item);
                    val.set(node, item);
                    return node;
                }
            }
        } catch (ReflectiveOperationException error) {
            throw new Misfit(value, made);
        }
        throw new Misfit(value, made);
    }

    private static Object get(Object node, String name) {
        try {
            Field field = node.getClass().getDeclaredField(name);
            field.setAccessible(true);
            return field.get(node);
        } catch (ReflectiveOperationException error) {
            throw new IllegalStateException(error);
        }
    }

    private static void set(Object node, String name, Object value) {
        try {
            Field field = node.getClass().getDeclaredField(name);
            field.setAccessible(true);
            field.set(node, value);
        } catch (ReflectiveOperationException error) {
            throw new IllegalStateException(error);
        }
    }

    private static Object linked(List<?> values, Class<?> made) {
        Object head = null;
        for (int i = values.size() - 1; i >= 0; i--) {
            Object node = node(made, values.get(i));
            set(node, "next", head);
            head = node;
        }
        return head;
    }

    private static Object tree(List<?> values, Class<?> made) {
        if (values.isEmpty() || values.get(0) == null) {
            return null;
        }
        Object root = node(made, values.get(0));
        Deque<Object> waiting = new ArrayDeque<>(List.of(root));
        for (int next = 1; next < values.size() && !waiting.isEmpty(); ) {
            Object parent = waiting.remove();
            for (String side : List.of("left", "right")) {
                Object value = next < values.size() ? values.get(next) : null;
                next++;
                if (value != null) {
                    Object child = node(made, value);
                    set(parent, side, child);
                    waiting.add(child);
                }
            }
        }
        return root;
    }

    /** An empty list or tree of nodes is null in Java, and no plain null for the tests. */
    static Object orNoNode(Object value, Class<?> declared) {
        boolean node = has(declared, "val") && (has(declared, "next") || has(declared, "left"));
        return value == null && node ? NO_NODE : value;
    }

    /** A result as JSON data. */
    static Object from(Object value, int depth) {
        if (depth > 500) {
            throw new IllegalArgumentException("a value that is nested too deeply");
        }
        if (value == null || value instanceof Boolean || value instanceof String) {
            return value;
        }
        if (value == NO_NODE) {
            return Map.of("z", 0);
        }
        if (value instanceof Character || value instanceof CharSequence) {
            return value.toString();
        }
        if (value instanceof Double || value instanceof Float) {
            double exact = value instanceof Float ? Double.parseDouble(value.toString()) : (Double) value;
            boolean odd = Double.isNaN(exact) || Double.isInfinite(exact) || (exact == 0 && 1 / exact < 0);
            return odd ? Map.of("n", exact == 0 ? "-0" : Double.toString(exact)) : (Object) exact;
        }
        if (value instanceof BigInteger || value instanceof Long) {
            return Map.of("b", value.toString());
        }
        if (value instanceof Number) {
            return value instanceof BigDecimal ? (Object) ((BigDecimal) value).doubleValue() : value;
        }
        return compound(value, depth + 1);
    }

    private static Object compound(Object value, int depth) {
        if (value.getClass().isArray()) {
            List<Object> made = new ArrayList<>();
            for (int i = 0; i < Array.getLength(value); i++) {
                made.add(from(Array.get(value, i), depth));
            }
            return made;
        }
        if (value instanceof Map) {
            List<Object> pairs = new ArrayList<>();
            ((Map<?, ?>) value).forEach((k, v) -> pairs.add(List.of(some(from(k, depth)), some(from(v, depth)))));
            return Map.of("m", pairs);
        }
        if (value instanceof Iterable) {
            List<Object> made = new ArrayList<>();
            ((Iterable<?>) value).forEach(item -> made.add(from(item, depth)));
            return value instanceof Set ? Map.of("s", made) : made;
        }
        if (value instanceof Map.Entry) {
            Map.Entry<?, ?> entry = (Map.Entry<?, ?>) value;
            return List.of(some(from(entry.getKey(), depth)), some(from(entry.getValue(), depth)));
        }
        return optional(value, depth);
    }

    /** Map.of and List.of refuse null; JSON has a tag that reads as null. */
    private static Object some(Object data) {
        return data == null ? Map.of("u", 1) : data;
    }

    private static Object optional(Object value, int depth) {
        if (value instanceof Optional) {
            return from(((Optional<?>) value).orElse(null), depth);
        }
        if (value instanceof OptionalInt) {
            return ((OptionalInt) value).isPresent() ? ((OptionalInt) value).getAsInt() : null;
        }
        if (value instanceof OptionalLong) {
            return ((OptionalLong) value).isPresent() ? ((OptionalLong) value).getAsLong() : null;
        }
        if (value instanceof OptionalDouble) {
            return ((OptionalDouble) value).isPresent() ? from(((OptionalDouble) value).getAsDouble(), depth) : null;
        }
        if (has(value.getClass(), "val") && has(value.getClass(), "next")) {
            return listed(value, depth);
        }
        if (has(value.getClass(), "val") && has(value.getClass(), "left") && has(value.getClass(), "right")) {
            return levels(value, depth);
        }
        return Map.of("r", List.of(0, "i", value.getClass().getSimpleName()));
    }

    private static Object listed(Object node, int depth) {
        List<Object> made = new ArrayList<>();
        for (Object here = node; here != null && made.size() < LENGTH_MAX; here = get(here, "next")) {
            made.add(from(get(here, "val"), depth));
        }
        return made;
    }

    private static Object levels(Object root, int depth) {
        List<Object> made = new ArrayList<>();
        LinkedList<Object> waiting = new LinkedList<>(List.of(root));
        while (!waiting.isEmpty() && made.size() < LENGTH_MAX) {
            Object node = waiting.remove();
            made.add(node == null ? null : from(get(node, "val"), depth));
            if (node != null) {
                waiting.add(get(node, "left"));
                waiting.add(get(node, "right"));
            }
        }
        while (!made.isEmpty() && made.get(made.size() - 1) == null) {
            made.remove(made.size() - 1);
        }
        return made;
    }
}
