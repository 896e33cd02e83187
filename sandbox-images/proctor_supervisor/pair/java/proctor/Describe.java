package proctor;

import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the candidate's classes offer: {name, generic, up, constructors: […], methods: […]} each, private parts left out. */
final class Describe {
    private Describe() {}

    static List<Object> all(List<String> names, ClassLoader loader) throws ClassNotFoundException {
        List<Object> all = new ArrayList<>();
        for (String name : names) {
            Class<?> one = Class.forName(name, false, loader);
            if (!one.isInterface() && !one.isEnum() && !one.isAnnotation()) {
                all.add(one(one));
            }
        }
        return all;
    }

    private static Map<String, Object> one(Class<?> one) {
        Map<String, Object> made = new LinkedHashMap<>();
        made.put("name", one.getName());
        made.put("generic", generic(one.getTypeParameters()));
        made.put("up", one.getSuperclass() == Object.class ? "" : one.getSuperclass().getName());
        made.put("constructors", told(constructors(one)));
        made.put("methods", told(methods(one)));
        return made;
    }

    private static List<Object> told(List<? extends Executable> executables) {
        List<Object> made = new ArrayList<>();
        for (Executable one : executables) {
            Map<String, Object> told = new LinkedHashMap<>();
            told.put("name", one.getName());
            told.put("static", Modifier.isStatic(one.getModifiers()));
            told.put("varargs", one.isVarArgs());
            told.put("generic", generic(one.getTypeParameters()));
            told.put("returns", one instanceof Method ? ((Method) one).getGenericReturnType().getTypeName() : "void");
            told.put("parameters", names(one.getGenericParameterTypes()));
            told.put("throws", names(one.getGenericExceptionTypes()));
            made.add(told);
        }
        return made;
    }

    private static List<Object> names(Type[] types) {
        List<Object> made = new ArrayList<>();
        Arrays.stream(types).forEach(type -> made.add(type.getTypeName()));
        return made;
    }

    private static List<Object> generic(TypeVariable<?>[] variables) {
        List<Object> made = new ArrayList<>();
        for (TypeVariable<?> variable : variables) {
            List<Object> bounds = names(variable.getBounds());
            bounds.removeIf("java.lang.Object"::equals);
            made.add(List.of(variable.getName(), bounds));
        }
        return made;
    }

    /** In an order of their own, the same in every process. */
    static List<Constructor<?>> constructors(Class<?> one) {
        List<Constructor<?>> found = new ArrayList<>(List.of(one.getDeclaredConstructors()));
        found.removeIf(each -> Modifier.isPrivate(each.getModifiers()) || each.isSynthetic());
        found.sort(Comparator.comparing(Constructor::toString));
        return found;
    }

    static List<Method> methods(Class<?> one) {
        List<Method> found = new ArrayList<>(List.of(one.getDeclaredMethods()));
        found.removeIf(each -> Modifier.isPrivate(each.getModifiers()) || each.isSynthetic());
        found.sort(Comparator.comparing(Method::toString));
        return found;
    }
}
