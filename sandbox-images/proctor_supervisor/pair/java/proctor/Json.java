package proctor;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON as plain data: Map, List, String, Boolean, null, Long, BigInteger, Double. */
public final class Json {
    static final int DEPTH_MAX = 600;

    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /** Throws IllegalArgumentException. */
    public static Object read(String text) {
        Json reader = new Json(text);
        Object value = reader.value(0);
        reader.space();
        if (reader.at != text.length()) {
            throw reader.wrong();
        }
        return value;
    }

    private IllegalArgumentException wrong() {
        return new IllegalArgumentException("no JSON at " + at);
    }

    private void space() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private char peek() {
        if (at >= text.length()) {
            throw wrong();
        }
        return text.charAt(at);
    }

    private void expect(String word) {
        if (!text.startsWith(word, at)) {
            throw wrong();
        }
        at += word.length();
    }

    private Object value(int depth) {
        if (depth > DEPTH_MAX) {
            throw new IllegalArgumentException("nested too deeply");
        }
        space();
        switch (peek()) {
            case '{':
                return object(depth);
            case '[':
                return array(depth);
            case '"':
                return string();
            case 't':
                expect("true");
                return true;
            case 'f':
                expect("false");
                return false;
            case 'n':
                expect("null");
                return null;
            default:
                return number();
        }
    }

    private Map<String, Object> object(int depth) {
        Map<String, Object> made = new LinkedHashMap<>();
        at++;
        space();
        if (peek() == '}') {
            at++;
            return made;
        }
        while (true) {
            space();
            String key = string();
            space();
            expect(":");
            made.put(key, value(depth + 1));
            space();
            if (peek() == '}') {
                at++;
                return made;
            }
            expect(",");
        }
    }

    private List<Object> array(int depth) {
        List<Object> made = new ArrayList<>();
        at++;
        space();
        if (peek() == ']') {
            at++;
            return made;
        }
        while (true) {
            made.add(value(depth + 1));
            space();
            if (peek() == ']') {
                at++;
                return made;
            }
            expect(",");
        }
    }

    private String string() {
        expect("\"");
        StringBuilder made = new StringBuilder();
        while (true) {
            char c = peek();
            at++;
            if (c == '"') {
                return made.toString();
            }
            made.append(c == '\\' ? escaped() : c);
        }
    }

    private char escaped() {
        char c = peek();
        at++;
        int plain = "\"\\/bfnrt".indexOf(c);
        if (plain >= 0) {
            return "\"\\/\b\f\n\r\t".charAt(plain);
        }
        if (c != 'u' || at + 4 > text.length()) {
            throw wrong();
        }
        at += 4;
        return (char) Integer.parseInt(text.substring(at - 4, at), 16);
    }

    private Object number() {
        int start = at;
        while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        String word = text.substring(start, at);
        if (word.matches("-?\\d{1,18}")) {
            return Long.parseLong(word);
        }
        return word.matches("-?\\d+") ? (Object) new BigInteger(word) : (Object) Double.parseDouble(word);
    }

    /** ASCII JSON of plain data. */
    public static String write(Object value) {
        StringBuilder out = new StringBuilder();
        write(value, out);
        return out.toString();
    }

    private static void write(Object value, StringBuilder out) {
        if (value instanceof String) {
            quote((String) value, out);
        } else if (value instanceof Map) {
            String gap = "{";
            for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
                out.append(gap);
                quote((String) entry.getKey(), out);
                out.append(':');
                write(entry.getValue(), out);
                gap = ",";
            }
            out.append(gap.equals("{") ? "{}" : "}");
        } else if (value instanceof List) {
            String gap = "[";
            for (Object item : (List<?>) value) {
                out.append(gap);
                write(item, out);
                gap = ",";
            }
            out.append(gap.equals("[") ? "[]" : "]");
        } else {
            out.append(value);
        }
    }

    private static void quote(String text, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < 32 || c > 126) {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }
}
