package proctor;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * What stands for an object of the candidate's in the tests' process: the classes that the tests use extend this, made by
 * {@link Stubs} from what the candidate's classes offer. Every use is a request; all that comes back is hostile.
 *
 * <p>No comparison is handed to the candidate: {@code equals} and {@code compareTo} are asked of it only for two objects
 * of its own, and an object that it returned (which the tests did not make) may not answer the yes-or-no questions that
 * library types answer ({@code contains}, {@code isEmpty}, …): it would agree with everything.
 */
public class Remote {
    /** Chooses the constructor that asks nothing. */
    public static final class Mark {
        private Mark() {}
    }

    private static final Set<String> QUESTIONS = new HashSet<>(Set.of("compareTo", "compare"));
    private static Link link;

    private int handle;
    private boolean made;

    static {
        for (Class<?> type : List.of(List.class, Map.class, Set.class, String.class, Optional.class, java.util.Deque.class,
                java.util.stream.Stream.class, java.util.function.Predicate.class, Map.Entry.class)) {
            for (Method method : type.getMethods()) {
                if (method.getReturnType() == boolean.class && !method.getName().matches("add|offer|remove.*|equals")) {
                    QUESTIONS.add(method.getName());
                }
            }
        }
    }

    protected Remote(Mark mark) {}

    /** Make the object that this stands for. */
    protected final void make(String of, int index, Object[] args) {
        Object answer = link.ask("new", of, index, null, args, this);
        if (answer != this) {
            link.tampered("a constructor that makes nothing");
        }
        made = true;
    }

    /** Call a method. */
    protected final Object call(String of, int index, String name, Object[] args) {
        if (!made && QUESTIONS.contains(name)) {
            throw link.theirs(new UnsupportedOperationException("the answer is an object of the code's own, which is not asked for " + name));
        }
        if (name.equals("compareTo") || name.equals("equals")) {
            for (Object arg : args) {
                if (!(arg instanceof Remote)) {
                    throw link.theirs(new UnsupportedOperationException(name + " is not asked about a value of the tests"));
                }
            }
        }
        return link.ask("call", of, index, handle, args, null);
    }

    /** Call a static method. */
    protected static Object callStatic(String of, int index, Object[] args) {
        return link.ask("call", of, index, null, args, null);
    }

    /** The conversation with the candidate. */
    static final class Link extends Values {
        private final Channel channel = new Channel(3);
        private final Function<String, Class<?>> stubs;
        private final Map<Integer, Remote> standing = new HashMap<>();
        private final List<Object> lent = new ArrayList<>();
        private final Set<Throwable> thrown = Collections.newSetFromMap(new IdentityHashMap<>());
        private Remote making;
        boolean used;

        /** stubs: the class that stands for one of the candidate's, by name; null where there is none. */
        Link(Function<String, Class<?>> stubs) {
            this.stubs = stubs;
            link = this;
        }

        /** The candidate broke the protocol. */
        RuntimeException tampered(String text) {
            Tests.conclude("tampered", "the candidate broke the protocol: " + text, 4);
            throw new IllegalStateException();
        }

        <T extends Throwable> T theirs(T error) {
            thrown.add(error);
            return error;
        }

        boolean isTheirs(Throwable error) {
            return thrown.contains(error);
        }

        /** Wait until the code is loaded, and for what its classes offer. */
        List<?> described() {
            receive();
            try {
                channel.send(Map.of("op", "describe"));
                Object classes = receive().get("ok");
                if (classes instanceof List) {
                    return (List<?>) classes;
                }
            } catch (IOException gone) {
                Tests.exit(3);
            }
            throw tampered("classes that are none");
        }

        void bye() {
            try {
                channel.send(Map.of("op", "bye"));
            } catch (IOException gone) {
                return;
            }
        }

        private Map<?, ?> receive() {
            try {
                return channel.receive();
            } catch (IOException gone) {
                Tests.exit(3);
                throw new IllegalStateException();
            } catch (Channel.Malformed error) {
                throw tampered(error.getMessage());
            }
        }

        synchronized Object ask(String op, String of, int index, Integer self, Object[] args, Remote made) {
            used = true;
            Map<String, Object> request = new LinkedHashMap<>();
            request.put("op", op);
            request.put("c", of);
            request.put("m", index);
            request.put("o", self);
            List<Object> data = new ArrayList<>();
            for (Object arg : args) {
                data.add(encode(arg));
            }
            request.put("args", data);
            send(request);
            making = made;
            try {
                Map<?, ?> answer = receive();
                while (answer.containsKey("callback")) {
                    serve(answer);
                    answer = receive();
                }
                return value(answer, args);
            } catch (Channel.Malformed error) {
                throw tampered(error.getMessage());
            } finally {
                making = null;
            }
        }

        private void send(Map<String, Object> message) {
            try {
                channel.send(message);
            } catch (IOException gone) {
                Tests.exit(3);
            }
        }

        private Object value(Map<?, ?> answer, Object[] args) {
            if (answer.get("w") instanceof List) {
                for (Object one : (List<?>) answer.get("w")) {
                    change(args, one);
                }
            }
            if (answer.containsKey("cannot")) {
                throw theirs(new ClassCastException("a value that cannot be sent: " + answer.get("cannot")));
            }
            if (answer.get("raise") instanceof List) {
                throw Link.<RuntimeException>sneaky(raised((List<?>) answer.get("raise")));
            }
            if (!answer.containsKey("ok")) {
                throw tampered("an answer that is none");
            }
            return decode(answer.get("ok"));
        }

        private void change(Object[] args, Object one) {
            try {
                int index = Math.toIntExact((Long) ((List<?>) one).get(0));
                Values.change(args[index], decode(((List<?>) one).get(1)));
            } catch (ClassCastException | IndexOutOfBoundsException | ArithmeticException error) {
                throw tampered("a change of no argument");
            }
        }

        @SuppressWarnings("unchecked")
        private static <T extends Throwable> RuntimeException sneaky(Throwable error) throws T {
            throw (T) error;
        }

        /** An exception of the library as itself, any other as a RuntimeException that names it. */
        private Throwable raised(List<?> told) {
            String name = String.valueOf(told.get(0));
            String message = String.valueOf(told.get(1));
            try {
                Class<?> type = name.startsWith("java.") ? Class.forName(name, false, null) : null;
                if (type != null && Throwable.class.isAssignableFrom(type)) {
                    Constructor<?> constructor = constructor(type);
                    return theirs((Throwable) (constructor.getParameterCount() == 0 ? constructor.newInstance() : constructor.newInstance(message)));
                }
            } catch (ReflectiveOperationException | RuntimeException error) {
                return theirs(new RuntimeException(name + ": " + message));
            }
            return theirs(new RuntimeException(name + ": " + message));
        }

        private static Constructor<?> constructor(Class<?> type) throws NoSuchMethodException {
            try {
                return type.getConstructor(String.class);
            } catch (NoSuchMethodException error) {
                return type.getConstructor();
            }
        }

        private void serve(Map<?, ?> question) {
            Map<String, Object> reply = new LinkedHashMap<>();
            try {
                Object function = lent.get(Math.toIntExact((Long) question.get("callback")));
                Object[] args = ((List<?>) question.get("args")).stream().map(this::decode).toArray();
                Method method = single(function, args.length);
                method.setAccessible(true);
                reply.put("op", "return");
                reply.put("value", encode(method.invoke(function, args)));
            } catch (ClassCastException | IndexOutOfBoundsException | ArithmeticException error) {
                throw tampered("a call of what was never lent");
            } catch (InvocationTargetException error) {
                reply.put("op", "throw");
                reply.put("value", String.valueOf(error.getCause()));
            } catch (ReflectiveOperationException | RuntimeException error) {
                reply.put("op", "throw");
                reply.put("value", String.valueOf(error));
            }
            send(reply);
        }

        /** The one abstract method of the interface that a function is. */
        private static Method single(Object function, int count) {
            for (Class<?> type = function.getClass(); type != null; type = type.getSuperclass()) {
                for (Class<?> face : type.getInterfaces()) {
                    for (Method method : face.getMethods()) {
                        if (Modifier.isAbstract(method.getModifiers()) && method.getParameterCount() == count) {
                            return method;
                        }
                    }
                }
            }
            throw new IllegalArgumentException("no function of " + count + " parameters");
        }

        @Override
        Object refer(Object value) {
            if (value instanceof Remote) {
                return List.of("handle", Arrays.asList(((Remote) value).handle));
            }
            if (value.getClass().getInterfaces().length == 0) {
                throw new CannotCross("an object of a class of the tests");
            }
            lent.add(value);
            return List.of("function", List.of(lent.size() - 1));
        }

        @Override
        Object resolve(String tag, Object content) {
            if (!tag.equals("object")) {
                throw new Channel.Malformed("what no candidate sends");
            }
            int handle = Math.toIntExact((Long) ((List<?>) content).get(0));
            Remote known = standing.get(handle);
            if (known != null) {
                return known;
            }
            Remote stands = making;
            making = null;
            if (stands == null) {
                stands = stub(String.valueOf(((List<?>) content).get(1)));
            }
            stands.handle = handle;
            standing.put(handle, stands);
            return stands;
        }

        private Remote stub(String name) {
            Class<?> type = stubs.apply(name);
            if (type == null) {
                return new Remote(null);
            }
            try {
                Constructor<?> constructor = type.getDeclaredConstructor(Mark.class);
                constructor.setAccessible(true);
                return (Remote) constructor.newInstance((Object) null);
            } catch (ReflectiveOperationException error) {
                throw new IllegalStateException(error);
            }
        }
    }
}
