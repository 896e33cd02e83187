// The tests' side: a call is sent, and its result waited for. Ends the process where that cannot be.
#include <unistd.h>

namespace proctor {

inline bool raised = false;  // whether the last call ended in an exception

[[noreturn]] inline void end(int status, const char* why) {
  ::dprintf(2, "%s\n", why);
  ::_exit(status);
}

[[noreturn]] inline void on_terminate() {
  std::string what = raised ? "the code raised an exception" : "the tests raised an exception";
  try {
    if (std::current_exception()) std::rethrow_exception(std::current_exception());
  } catch (const std::exception& error) {
    what += std::string(": ") + error.what();
  } catch (...) {
  }
  end(raised ? 102 : 101, what.c_str());
}

struct Prepared {
  Prepared() { std::set_terminate(on_terminate); }
};
inline Prepared prepared;

[[noreturn]] inline void raise(char kind, const std::string& what) {
  raised = true;
  switch (kind) {
    case 'i': throw std::invalid_argument(what);
    case 'o': throw std::out_of_range(what);
    case 'l': throw std::length_error(what);
    case 'd': throw std::domain_error(what);
    case 'v': throw std::overflow_error(what);
    case 'g': throw std::logic_error(what);
    default: throw std::runtime_error(what);
  }
}

template <class T>
struct InOut {
  T& value;
};
template <class T>
InOut<T> inout(T& value) { return {value}; }

template <class T> const T& plain(const T& value) { return value; }
template <class T> const T& plain(const InOut<T>& value) { return value.value; }
template <class T> void put_back(Reader&, const T&) {}
template <class T> void put_back(Reader& in, const InOut<T>& value) {
  in.take(',');
  Codec<T>::read(in, value.value);
}

template <class T>
void write_argument(std::string& out, const T& value) {
  if (out.back() != '[') out += ',';
  Codec<std::decay_t<decltype(plain(value))>>::write(out, plain(value));
}

template <class R, class... A>
R call(int which, const A&... arguments) {
  std::string body = std::to_string(which) + " [", answer;
  (write_argument(body, arguments), ...);
  body += ']';
  raised = false;
  if (!send(body) || !receive(answer)) end(103, "the code's process is gone");
  if (answer.size() >= 2 && answer[0] == 'E') raise(answer[1], answer.substr(2));
  try {
    if (answer.empty() || answer[0] != 'R') throw Malformed();
    Reader in{answer.data() + 1, answer.data() + answer.size()};
    in.take('[');
    std::conditional_t<std::is_void_v<R>, bool, R> result{};
    if constexpr (std::is_void_v<R>) {
      if (!in.word("null")) throw Malformed();
    } else {
      Codec<R>::read(in, result);
    }
    (put_back(in, arguments), ...);
    in.take(']');
    in.space();
    if (in.at != in.end) throw Malformed();
    if constexpr (!std::is_void_v<R>) return result;
  } catch (const Malformed&) {
    end(104, "the code answered what is no result of the declared type");
  }
}

}  // namespace proctor
