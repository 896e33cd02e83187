// Values as JSON, and calls over descriptor 3: a frame is a length (u32, big-endian) and so many bytes.
// Asked: "<number of the function> [arguments]". Answered: "R[result, references…]" or "E<kind> <what>".
// Numbers are exact: integers in full, floating point with 21 digits; strings are bytes, escaped where JSON must.
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

namespace proctor {

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
  // One past the last character of a number here.
  std::string number() {
    space();
    const char* from = at;
    while (at < end && (std::strchr("+-.eE", *at) != nullptr || (*at >= '0' && *at <= '9')) && *at != 0) ++at;
    if (at == from || at - from > 400) throw Malformed();
    return std::string(from, at);
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

template <>
struct Codec<std::string> {
  static void write(std::string& out, const std::string& value) {
    out += '"';
    for (unsigned char c : value) {
      if (c == '"' || c == '\\') (out += '\\') += char(c);
      else if (c < 0x20 || c == 0x7f) hex(out, c);
      else out += char(c);
    }
    out += '"';
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
    std::snprintf(text, sizeof text, "%.21Lg", (long double)(value));
    out += text;
  }
  static void read(Reader& in, T& value) {
    if (in.word("NaN")) { value = std::nan(""); return; }
    if (in.word("Infinity")) { value = HUGE_VAL; return; }
    if (in.word("-Infinity")) { value = -HUGE_VAL; return; }
    std::string text = in.number();
    char* end = nullptr;
    value = T(std::strtold(text.c_str(), &end));
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
    read_all(in, [&] {
      T value{};
      Codec<T>::read(in, value);
      values.insert(values.end(), std::move(value));
    });
  }
};

template <class C, class K, class V>
struct Mapping {
  static void write(std::string& out, const C& values) {
    write_all(out, values, [&](const auto& item) {
      out += '[';
      Codec<K>::write(out, item.first);
      out += ',';
      Codec<V>::write(out, item.second);
      out += ']';
    });
  }
  static void read(Reader& in, C& values) {
    values.clear();
    if (in.peek() == '{') return object(in, values);
    read_all(in, [&] {
      std::pair<K, V> item{};
      in.take('[');
      Codec<K>::read(in, item.first);
      in.take(',');
      Codec<V>::read(in, item.second);
      in.take(']');
      values.insert(std::move(item));
    });
  }
  // As JSON has it: keys are strings, and hold the key's own JSON where that is no string.
  static void object(Reader& in, C& values) {
    in.take('{');
    if (in.peek() == '}') { ++in.at; return; }
    for (;;) {
      std::string text;
      Codec<std::string>::read(in, text);
      std::pair<K, V> item{};
      if constexpr (std::is_same_v<K, std::string>) {
        item.first = text;
      } else {
        if constexpr (std::is_same_v<K, char>) text = "\"" + text + "\"";
        Reader inner{text.data(), text.data() + text.size()};
        Codec<K>::read(inner, item.first);
      }
      in.take(':');
      Codec<V>::read(in, item.second);
      values.insert(std::move(item));
      if (in.peek() == '}') { ++in.at; return; }
      in.take(',');
    }
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
template <class T> struct Codec<std::set<T>> : Sequence<std::set<T>, T> {};
template <class T> struct Codec<std::multiset<T>> : Sequence<std::multiset<T>, T> {};
#endif
#ifdef _GLIBCXX_UNORDERED_SET
template <class T> struct Codec<std::unordered_set<T>> : Sequence<std::unordered_set<T>, T> {};
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
  std::string frame{char(size >> 24), char(size >> 16), char(size >> 8), char(size)};
  frame += body;
  return transfer(true, &frame[0], frame.size());
}

inline bool receive(std::string& body) {
  unsigned char head[4];
  if (!transfer(false, reinterpret_cast<char*>(head), 4)) return false;
  std::size_t size = std::size_t(head[0]) << 24 | std::size_t(head[1]) << 16 | std::size_t(head[2]) << 8 | head[3];
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
