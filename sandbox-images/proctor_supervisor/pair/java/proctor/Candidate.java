package proctor;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The candidate's end: does what the tests ask, one request after another, over descriptor 3.
 *
 * <p>It runs in the candidate's own process, so nothing here protects anybody: what it says is no more than values.
 * Requests: {op: "entry", path, args, result} of `function` tests (values as in {@link Convert}); of `script` tests
 * {op: "describe"} (see {@link Describe}), {op: "new", c, m, args}, {op: "call", c, m, o, args} (values as in {@link
 * Values}). An answer is {ok} | {raise} | {cannot}, with w: [[index, value]…] for arguments that were changed; or a
 * question, {callback: [number, method], args}, answered by {op: "return"|"throw", value}.
 */
public final class Candidate extends Values {
    private final Channel channel = new Channel(3);
    private final ClassLoader loader = Candidate.class.getClassLoader();
    private final List<String> names;
    private final Map<Object, Integer> handles = new IdentityHashMap<>();
    private final Map<Integer, Object> objects = new HashMap<>();

    private Candidate(List<String> names) {
        this.names = names;
    }

    public static void main(String[] ignored) throws Throwable {
        List<String> names;
        try (InputStream in = Candidate.class.getClassLoader().getResourceAsStream("proctor.classes")) {
            names = List.of(new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n"));
        }
        try {
            new Candidate(names).serve();
        } catch (EOFException gone) {
            System.out.flush();
        }
        Runtime.getRuntime().halt(0);
    }

    private void serve() throws IOException {
        answer(ok(null));
        while (true) {
            Map<?, ?> request = channel.receive();
            if ("bye".equals(request.get("op"))) {
                return;
            }
            answer(done(request));
        }
    }

    private void answer(Map<String, Object> message) throws IOException {
        System.out.flush();
        try {
            channel.send(message);
        } catch (IllegalArgumentException tooLarge) {
            channel.send(Map.of("cannot", tooLarge.getMessage()));
        }
    }

    private static Map<String, Object> ok(Object data) {
        Map<String, Object> made = new LinkedHashMap<>();
        made.put("ok", data);
        return made;
    }

    private Map<String, Object> done(Map<?, ?> request) throws IOException {
        boolean typed = !"entry".equals(request.get("op"));
        try {
            switch ((String) request.get("op")) {
                case "entry":
                    return ok(Convert.from(entered(request), 0));
                case "describe":
                    return ok(Describe.all(names, loader));
                default:
                    return called(request);
            }
        } catch (CannotCross | IllegalArgumentException | IllegalStateException wrong) {
            return Map.of("cannot", String.valueOf(wrong.getMessage()));
        } catch (InvocationTargetException error) {
            return raised(error.getCause(), typed);
        } catch (EOFException gone) {
            throw gone;
        } catch (Throwable error) {
            return raised(error, typed);
        }
    }

    private Map<String, Object> raised(Throwable error, boolean typed) {
        String message;
        try {
            message = String.valueOf(error.getMessage());
        } catch (Throwable another) {
            message = "";
        }
        List<Object> told = Arrays.asList(error.getClass().getName(), message, 0);
        if (error instanceof StackOverflowError || typed) {
            return Map.of("raise", typed ? told : Map.of("e", told));
        }
        return Map.of("raise", Map.of("e", told));
    }

    // function tests

    private Object entered(Map<?, ?> request) throws Throwable {
        String path = (String) request.get("path");
        List<?> data = (List<?>) request.get("args");
        int dot = path.lastIndexOf('.');
        String name = path.substring(dot + 1);
        Convert.Misfit misfit = null;
        for (Method method : methods(dot < 0 ? null : path.substring(0, dot), name, data.size())) {
            Object[] args;
            try {
                args = new Object[data.size()];
                for (int i = 0; i < args.length; i++) {
                    args[i] = Convert.to(data.get(i), method.getGenericParameterTypes()[i]);
                }
            } catch (Convert.Misfit error) {
                misfit = error;
                continue;
            }
            Object value = invoke(method, args);
            String result = (String) request.get("result");
            if (result.equals("return")) {
                return Convert.orNoNode(value, method.getReturnType());
            }
            int index = Integer.parseInt(result.substring(3));
            return Convert.orNoNode(args[index], method.getParameterTypes()[index]);
        }
        throw misfit != null ? misfit : new NoSuchMethodException(path + " with " + data.size() + " parameters");
    }

    private List<Method> methods(String of, String name, int count) throws ClassNotFoundException {
        List<Method> found = new ArrayList<>();
        for (String candidate : names) {
            if (of == null || candidate.equals(of) || candidate.endsWith("." + of)) {
                for (Method method : Class.forName(candidate, false, loader).getDeclaredMethods()) {
                    if (method.getName().equals(name) && method.getParameterCount() == count && !method.isBridge()) {
                        found.add(method);
                    }
                }
            }
        }
        return found;
    }

    private static Object invoke(Method method, Object[] args) throws Throwable {
        Object self = null;
        if (!Modifier.isStatic(method.getModifiers())) {
            Constructor<?> constructor = method.getDeclaringClass().getDeclaredConstructor();
            constructor.setAccessible(true);
            self = constructor.newInstance();
        }
        method.setAccessible(true);
        return method.invoke(self, args);
    }

    // script tests

    private Map<String, Object> called(Map<?, ?> request) throws Throwable {
        Class<?> of = Class.forName((String) request.get("c"), false, loader);
        int index = Math.toIntExact((Long) request.get("m"));
        List<?> data = (List<?>) request.get("args");
        Object[] args = data.stream().map(this::decode).toArray();
        Object value;
        if ("new".equals(request.get("op"))) {
            Constructor<?> constructor = Describe.constructors(of).get(index);
            constructor.setAccessible(true);
            value = constructor.newInstance(fitted(constructor, args));
        } else {
            Method method = Describe.methods(of).get(index);
            method.setAccessible(true);
            Object self = request.get("o") == null ? null : objects.get(Math.toIntExact((Long) request.get("o")));
            value = method.invoke(self, fitted(method, args));
        }
        Map<String, Object> made = ok(encode(value));
        List<Object> changed = new ArrayList<>();
        for (int i = 0; i < args.length; i++) {
            Object now = data.get(i) instanceof List ? simple(args[i]) : null;
            if (now != null && !Json.write(now).equals(Json.write(data.get(i)))) {
                changed.add(List.of(i, now));
            }
        }
        made.put("w", changed);
        return made;
    }

    /** Functions of the tests as the interface that is asked for. */
    private Object[] fitted(Executable executable, Object[] args) {
        Object[] made = args.clone();
        for (int i = 0; i < made.length; i++) {
            if (made[i] instanceof Lent && executable.getParameterTypes()[i].isInterface()) {
                made[i] = stand((Lent) made[i], executable.getParameterTypes()[i]);
            }
        }
        return made;
    }

    private Object stand(Lent lent, Class<?> as) {
        return Proxy.newProxyInstance(as.getClassLoader() == null ? loader : as.getClassLoader(), new Class<?>[] {as}, (self, method, args) -> {
            if (method.isDefault()) {
                return java.lang.reflect.InvocationHandler.invokeDefault(self, method, args);
            }
            if (method.getDeclaringClass() == Object.class) {
                return method.getName().equals("equals") ? (Object) (self == args[0]) : method.getName().equals("hashCode") ? (Object) lent.number : "a function";
            }
            return ask(lent, args == null ? new Object[0] : args);
        });
    }

    private Object ask(Lent lent, Object[] args) throws Throwable {
        List<Object> data = new ArrayList<>();
        for (Object arg : args) {
            data.add(encode(arg));
        }
        channel.send(Map.of("callback", lent.number, "args", data));
        Map<?, ?> reply = channel.receive();
        if ("return".equals(reply.get("op"))) {
            return decode(reply.get("value"));
        }
        throw new RuntimeException("the tests' function threw " + reply.get("value"));
    }

    private Object simple(Object value) {
        try {
            return encode(value);
        } catch (RuntimeException error) {
            return null;
        }
    }

    private static final class Lent {
        private final int number;

        Lent(int number) {
            this.number = number;
        }
    }

    @Override
    Object refer(Object value) {
        String name = value.getClass().getName();
        if (value.getClass().getClassLoader() != loader) {
            throw new CannotCross("an object of " + name);
        }
        Integer handle = handles.computeIfAbsent(value, one -> handles.size() + 1);
        objects.put(handle, value);
        return List.of("object", List.of(handle, name));
    }

    @Override
    Object resolve(String tag, Object content) {
        if (tag.equals("handle")) {
            return objects.get(Math.toIntExact((Long) ((List<?>) content).get(0)));
        }
        if (tag.equals("function")) {
            return new Lent(Math.toIntExact((Long) ((List<?>) content).get(0)));
        }
        throw new Channel.Malformed("what only a candidate sends");
    }
}
