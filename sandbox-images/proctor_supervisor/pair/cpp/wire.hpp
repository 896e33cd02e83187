// Values as JSON, and frames over descriptor 3: a length (u32, little-endian) and so many bytes.
//
// Between two C++ programs (`script` tests): asked "<number of the function> [arguments]", answered "R[result,
// references…]" or "E<kind> <what>". Numbers are exact: integers in full, floating point with 21 digits; strings are
// bytes, escaped where JSON must.
//
// With PROCTOR_TAGGED, to Python's test process (`function` tests, pair/foreign.py): what JSON has not is an object of
// one key, such as {"b": "<integer>"} or {"m": [[key, value]…]}. Floating point has as many digits as tell it from its
// neighbours of the same type; bytes that are no UTF-8 are lone surrogates.
//
// A container has a codec where its header has been included before this one (libstdc++'s guards tell): whoever has a
// function of such a type has included it, and parsing the others would double the time of compiling.
#ifndef PROCTOR_WIRE_HPP
#define PROCTOR_WIRE_HPP
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>
#ifdef PROCTOR_TAGGED
#include <charconv>
#endif

namespace proctor {

#ifdef PROCTOR_TAGGED
inline constexpr bool tagged = true;
#else
inline constexpr bool tagged = false;
#endif

struct Malformed {};

struct Reader {
  const char* at;
  const char* end;
  void space() {
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r')) ++at;
  }
  char peek() {
    space();
    if (at >= end) throw Malformed();
    return *at;
  }
  void take(char wanted) {
    if (peek() != wanted) throw Malformed();
    ++at;
  }
  bool word(const char* text) {
    space();
    std::size_t size = std::strlen(text);
    if (std::size_t(end - at) < size || std::memcmp(at, text, size) != 0) return false;
    at += size;
    return true;
  }
  // The key of a tag, of which its content comes next and then `}`; 0 where there is none.
  char tag() {
    if (!tagged || peek() != '{') return 0;
    take('{');
    take('"');
    if (end - at < 2 || at[1] != '"') throw Malformed();
    char key = *at;
    at += 2;
    take(':');
    return key;
  }
  // What is read inside a tag that is one of `keys`, or without a tag.
  template <class Take>
  void within(const char* keys, Take inner) {
    char key = tag();
    if (key != 0 && std::strchr(keys, key) == nullptr) throw Malformed();
    inner(key);
    if (key != 0) take('}');
  }
  // A number's text, as {"b": "…"} or {"n": "…"} too.
  std::string number() {
    std::string text;
    within("bn", [&](char key) {
      if (key != 0) take('"');
      text = digits();
      if (key != 0) take('"');
    });
    return text;
  }
  std::string digits() {
    space();
    for (const char* one : {"NaN", "Infinity", "-Infinity"})
      if (word(one)) return one;
    const char* from = at;
    while (at < end && (std::strchr("+-.eE", *at) != nullptr || (*at >= '0' && *at <= '9')) && *at != 0) ++at;
    if (at == from || at - from > 400) throw Malformed();
    return std::string(from, at);
  }
  // Past any value, however nested.
  void skip() {
    std::size_t depth = 0;
    do {
      char c = peek();
      ++at;
      if (c == '"') {
        while (at < end && *at != '"') at += *at == '\\' ? 2 : 1;
        if (at++ >= end) throw Malformed();
      } else if (c == '[' || c == '{') {
        ++depth;
      } else if ((c == ']' || c == '}') && depth > 0) {
        --depth;
      } else if (c != ',' && c != ':') {
        while (at < end && std::strchr(",:]} \n", *at) == nullptr) ++at;
      }
    } while (depth > 0);
  }
};

inline void hex(std::string& out, unsigned value) {
  char text[8];
  std::snprintf(text, sizeof text, "\\u%04x", value);
  out += text;
}

// --- one codec per shape -------------------------------------------------------------------------------------------
template <class T, class = void>
struct Codec;

template <>
struct Codec<bool> {
  static void write(std::string& out, bool value) { out += value ? "true" : "false"; }
  static void read(Reader& in, bool& value) {
    if (in.word("true") || in.word("1")) value = true;
    else if (in.word("false") || in.word("0")) value = false;
    else throw Malformed();
  }
};

// The bytes of the character that starts here: 0 where they are no UTF-8.
inline std::size_t character(const unsigned char* at, std::size_t left) {
  unsigned char c = at[0];
  std::size_t size = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
  if (size > left) return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((at[i] & 0xc0) != 0x80) return 0;
  bool second = size < 3 || !((c == 0xe0 && at[1] < 0xa0) || (c == 0xf0 && at[1] < 0x90) || (c == 0xf4 && at[1] > 0x8f));
  return second && !(c == 0xed && at[1] > 0x9f) ? size : 0;
}

template <>
struct Codec<std::string> {
  static void write(std::string& out, const std::string& value) {
    out += '"';
    const unsigned char* text = reinterpret_cast<const unsigned char*>(value.data());
    for (std::size_t i = 0; i < value.size();) {
      unsigned char c = text[i];
      std::size_t size = tagged ? character(text + i, value.size() - i) : 1;
      if (c == '"' || c == '\\') (out += '\\') += char(c);
      else if (c < 0x20 || c == 0x7f) hex(out, c);
      else if (size > 0) out.append(value, i, size);
      else i += odd(out, text + i, value.size() - i) - 1;
      i += size > 0 ? size : 1;
    }
    out += '"';
  }
  // What is no UTF-8: a surrogate that JSON may hold, or else a byte, as Python's surrogateescape has it.
  static std::size_t odd(std::string& out, const unsigned char* text, std::size_t left) {
    if (left > 2 && text[0] == 0xed && text[1] > 0x9f && text[1] < 0xc0 && (text[2] & 0xc0) == 0x80) {
      hex(out, 0xd000u | (text[1] & 0x3fu) << 6 | (text[2] & 0x3fu));
      return 3;
    }
    hex(out, 0xdc00u | text[0]);
    return 1;
  }
  static unsigned unit(Reader& in) {
    if (in.end - in.at < 4) throw Malformed();
    unsigned value = 0;
    for (int i = 0; i < 4; ++i, ++in.at) {
      char c = *in.at;
      unsigned digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
                     : c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
      if (digit == 16) throw Malformed();
      value = value * 16 + digit;
    }
    return value;
  }
  static void utf8(std::string& value, unsigned long code) {
    if (code < 0x80) value += char(code);
    else if (code < 0x800) (value += char(0xc0 | code >> 6)) += char(0x80 | (code & 0x3f));
    else if (code < 0x10000)
      ((value += char(0xe0 | code >> 12)) += char(0x80 | (code >> 6 & 0x3f))) += char(0x80 | (code & 0x3f));
    else
      (((value += char(0xf0 | code >> 18)) += char(0x80 | (code >> 12 & 0x3f))) += char(0x80 | (code >> 6 & 0x3f))) +=
          char(0x80 | (code & 0x3f));
  }
  static void escape(Reader& in, std::string& value) {
    if (in.at >= in.end) throw Malformed();
    char c = *in.at++;
    static const char from[] = "bfnrt\"\\/", to[] = "\b\f\n\r\t\"\\/";
    if (const char* found = std::strchr(from, c); found != nullptr && c != 0) {
      value += to[found - from];
    } else if (c == 'u') {
      unsigned long code = unit(in);
      if (code >= 0xd800 && code < 0xdc00 && in.end - in.at > 6 && in.at[0] == '\\' && in.at[1] == 'u') {
        in.at += 2;
        code = 0x10000 + ((code - 0xd800) << 10) + (unit(in) - 0xdc00);
      }
      utf8(value, code);
    } else {
      throw Malformed();
    }
  }
  static void read(Reader& in, std::string& value) {
    in.take('"');
    value.clear();
    for (;;) {
      if (in.at >= in.end) throw Malformed();
      char c = *in.at++;
      if (c == '"') return;
      if (c == '\\') escape(in, value);
      else value += c;
    }
  }
};

template <>
struct Codec<char> {
  static void write(std::string& out, char value) { Codec<std::string>::write(out, std::string(1, value)); }
  static void read(Reader& in, char& value) {
    std::string text;
    Codec<std::string>::read(in, text);
    if (text.size() != 1) throw Malformed();
    value = text[0];
  }
};

template <class T>
struct Codec<T, std::enable_if_t<std::is_integral_v<T>>> {
  static void write(std::string& out, T value) { out += std::to_string(value); }
  static void read(Reader& in, T& value) {
    std::string text = in.number();
    char* end = nullptr;
    errno = 0;
    if (tagged && text.find_first_of(".eE") != std::string::npos) {  // such as 3.0
      long double got = std::strtold(text.c_str(), &end);
      if (!(std::fabs(got) < 9e15L) || got != std::floor(got)) throw Malformed();
      text = std::to_string((long long)(got));
    }
    if constexpr (std::is_signed_v<T>) {
      long long got = std::strtoll(text.c_str(), &end, 10);
      value = T(got);
      if ((long long)(value) != got) throw Malformed();
    } else {
      unsigned long long got = std::strtoull(text.c_str(), &end, 10);
      value = T(got);
      if ((unsigned long long)(value) != got || text[0] == '-') throw Malformed();
    }
    if (errno != 0 || end == nullptr || *end != 0) throw Malformed();
  }
};

template <class T>
struct Codec<T, std::enable_if_t<std::is_floating_point_v<T>>> {
  static void write(std::string& out, T value) {
    if (std::isnan(value)) { out += "NaN"; return; }
    if (std::isinf(value)) { out += value < 0 ? "-Infinity" : "Infinity"; return; }
    char text[64];
#ifdef PROCTOR_TAGGED
    out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
#else
    std::snprintf(text, sizeof text, "%.21Lg", (long double)(value));
    out += text;
#endif
  }
  static void read(Reader& in, T& value) {
    std::string text = in.number();
    char* end = nullptr;
    if constexpr (std::is_same_v<T, float>) value = std::strtof(text.c_str(), &end);
    else if constexpr (std::is_same_v<T, double>) value = std::strtod(text.c_str(), &end);
    else value = std::strtold(text.c_str(), &end);
    if (end == nullptr || *end != 0) throw Malformed();
  }
};

template <class C, class Put>
void write_all(std::string& out, const C& values, Put put) {
  out += '[';
  bool first = true;
  for (const auto& value : values) {
    if (!first) out += ',';
    first = false;
    put(value);
  }
  out += ']';
}

template <class Take>
void read_all(Reader& in, Take take) {
  in.take('[');
  if (in.peek() == ']') { ++in.at; return; }
  for (;;) {
    take();
    if (in.peek() == ']') { ++in.at; return; }
    in.take(',');
  }
}

template <class C, class T>
struct Sequence {
  static void write(std::string& out, const C& values) {
    write_all(out, values, [&](const auto& value) { Codec<T>::write(out, value); });
  }
  static void read(Reader& in, C& values) {
    values.clear();
    in.within("sa", [&](char key) {
      if (key == 'a') {  // [name of an array's type, its items]
        in.take('[');
        in.skip();
        in.take(',');
      }
      read_all(in, [&] {
        T value{};
        Codec<T>::read(in, value);
        values.insert(values.end(), std::move(value));
      });
      if (key == 'a') in.take(']');
    });
  }
};

// Sets that hold each value once.
template <class C, class T>
struct Unique : Sequence<C, T> {
  static void write(std::string& out, const C& values) {
    if (tagged) out += "{\"s\":";
    Sequence<C, T>::write(out, values);
    if (tagged) out += '}';
  }
};

template <class C, class K, class V>
struct Mapping {
  static void write(std::string& out, const C& values) {
    if (tagged) out += "{\"m\":";
    write_all(out, values, [&](const auto& item) {
      out += '[';
      Codec<K>::write(out, item.first);
      out += ',';
      Codec<V>::write(out, item.second);
      out += ']';
    });
    if (tagged) out += '}';
  }
  static void read(Reader& in, C& values) {
    values.clear();
    in.within("om", [&](char tag) {
      read_all(in, [&] {
        std::pair<K, V> item{};
        in.take('[');
        key(in, item.first, tag);
        in.take(',');
        Codec<V>::read(in, item.second);
        in.take(']');
        values.insert(std::move(item));
      });
    });
  }
  // A key. Those of JSON's objects are strings, and hold the key's own JSON where that is no string.
  static void key(Reader& in, K& value, char tag) {
    if constexpr (!std::is_same_v<K, std::string> && !std::is_same_v<K, char>) {
      if (tag == 'o') {
        std::string text;
        Codec<std::string>::read(in, text);
        Reader inner{text.data(), text.data() + text.size()};
        Codec<K>::read(inner, value);
        return;
      }
    }
    Codec<K>::read(in, value);
  }
};

template <class T> struct Codec<std::vector<T>> : Sequence<std::vector<T>, T> {};
#ifdef _GLIBCXX_DEQUE
template <class T> struct Codec<std::deque<T>> : Sequence<std::deque<T>, T> {};
#endif
#ifdef _GLIBCXX_LIST
template <class T> struct Codec<std::list<T>> : Sequence<std::list<T>, T> {};
#endif
#ifdef _GLIBCXX_SET
template <class T> struct Codec<std::set<T>> : Unique<std::set<T>, T> {};
template <class T> struct Codec<std::multiset<T>> : Sequence<std::multiset<T>, T> {};
#endif
#ifdef _GLIBCXX_UNORDERED_SET
template <class T> struct Codec<std::unordered_set<T>> : Unique<std::unordered_set<T>, T> {};
#endif
#ifdef _GLIBCXX_MAP
template <class K, class V> struct Codec<std::map<K, V>> : Mapping<std::map<K, V>, K, V> {};
template <class K, class V> struct Codec<std::multimap<K, V>> : Mapping<std::multimap<K, V>, K, V> {};
#endif
#ifdef _GLIBCXX_UNORDERED_MAP
template <class K, class V> struct Codec<std::unordered_map<K, V>> : Mapping<std::unordered_map<K, V>, K, V> {};
#endif

#ifdef _GLIBCXX_ARRAY
template <class T, std::size_t N>
struct Codec<std::array<T, N>> {
  static void write(std::string& out, const std::array<T, N>& values) {
    write_all(out, values, [&](const T& value) { Codec<T>::write(out, value); });
  }
  static void read(Reader& in, std::array<T, N>& values) {
    std::size_t count = 0;
    read_all(in, [&] {
      if (count == N) throw Malformed();
      Codec<T>::read(in, values[count++]);
    });
    if (count != N) throw Malformed();
  }
};
#endif

#ifdef _GLIBCXX_OPTIONAL
template <class T>
struct Codec<std::optional<T>> {
  static void write(std::string& out, const std::optional<T>& value) {
    if (value) Codec<T>::write(out, *value);
    else out += "null";
  }
  static void read(Reader& in, std::optional<T>& value) {
    value.reset();
    if (in.word("null")) return;
    T inner{};
    Codec<T>::read(in, inner);
    value = std::move(inner);
  }
};
#endif

template <class Tuple>
struct Fixed {
  static void write(std::string& out, const Tuple& value) {
    out += '[';
    std::apply(
        [&](const auto&... part) {
          std::size_t left = sizeof...(part);
          ((Codec<std::decay_t<decltype(part)>>::write(out, part), --left ? void(out += ',') : void()), ...);
        },
        value);
    out += ']';
  }
  static void read(Reader& in, Tuple& value) {
    in.take('[');
    std::apply(
        [&](auto&... part) {
          std::size_t left = sizeof...(part);
          ((Codec<std::decay_t<decltype(part)>>::read(in, part), --left ? in.take(',') : void()), ...);
        },
        value);
    in.take(']');
  }
};

template <class A, class B> struct Codec<std::pair<A, B>> : Fixed<std::pair<A, B>> {};
template <class... T> struct Codec<std::tuple<T...>> : Fixed<std::tuple<T...>> {};

// --- frames --------------------------------------------------------------------------------------------------------
inline bool transfer(bool out, char* data, std::size_t size) {
  while (size > 0) {
    ssize_t count = out ? ::write(3, data, size) : ::read(3, data, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    data += count;
    size -= std::size_t(count);
  }
  return true;
}

inline bool send(const std::string& body) {
  std::uint32_t size = std::uint32_t(body.size());
  std::string frame{char(size), char(size >> 8), char(size >> 16), char(size >> 24)};
  frame += body;
  return transfer(true, &frame[0], frame.size());
}

inline bool receive(std::string& body) {
  unsigned char head[4];
  if (!transfer(false, reinterpret_cast<char*>(head), 4)) return false;
  std::size_t size = std::size_t(head[3]) << 24 | std::size_t(head[2]) << 16 | std::size_t(head[1]) << 8 | head[0];
  body.clear();
  while (size > 0) {  // as it comes: who only says that much is coming makes nobody reserve it
    std::size_t part = size < (1u << 20) ? size : (1u << 20), had = body.size();
    body.resize(had + part);
    if (!transfer(false, &body[had], part)) return false;
    size -= part;
  }
  return true;
}

}  // namespace proctor
#endif
