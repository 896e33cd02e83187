// The driver of `function` tests: gets arguments over descriptor 3, calls the entry point, answers with what it gave.
// It runs in the candidate's own process, so nothing here protects anybody: what it says is no more than values.
//
// Asked: {"op": "entry", "args": […], "result": "return"|"argN"} or {"op": "bye"}. Answered: {"ok": value},
// {"raise": {"e": [type, message]}} or {"cannot": text}. The first answer says that the code is loaded.
#include <cxxabi.h>

#include <new>
#include <string_view>
#include <typeinfo>

namespace proctor {

constexpr std::size_t FRAME_MAX = 64u << 20, NODES_MAX = 1000000;

// --- nodes, as LeetCode has them -----------------------------------------------------------------------------------
constexpr const char* NO_NODE = "{\"z\":0}";

template <class T>
concept Tree = requires(T& node) { node.val; node.left; node.right; };
template <class T>
concept Linked = !Tree<T> && requires(T& node) { node.val; node.next; };

template <class T>
T* node(Reader& in) {
  std::decay_t<decltype(T::val)> value{};
  Codec<decltype(value)>::read(in, value);
  T* made;
  if constexpr (std::is_default_constructible_v<T>) made = new T();
  else made = new T(value);
  made->val = value;
  return made;
}

// A list; an empty one is null.
template <Linked T>
struct Codec<T*> {
  static void write(std::string& out, T* head) {
    if (head == nullptr) return void(out += NO_NODE);
    out += '[';
    std::size_t count = 0;
    for (T* here = head; here != nullptr && count < NODES_MAX; here = here->next) {
      if (count++ > 0) out += ',';
      Codec<std::decay_t<decltype(T::val)>>::write(out, here->val);
    }
    out += ']';
  }
  static void read(Reader& in, T*& head) {
    head = nullptr;
    if (in.word("null")) return;
    T* last = nullptr;
    read_all(in, [&] {
      T* next = node<T>(in);
      next->next = nullptr;
      (last == nullptr ? head : last->next) = next;
      last = next;
    });
  }
};

// Level by level, null for an absent child.
template <Tree T>
struct Codec<T*> {
  static void write(std::string& out, T* root) {
    if (root == nullptr) return void(out += NO_NODE);
    std::vector<T*> waiting{root};
    std::string body;
    std::size_t kept = 0;  // up to the last that is there
    for (std::size_t at = 0; at < waiting.size() && at < NODES_MAX; ++at) {
      if (at > 0) body += ',';
      if (waiting[at] == nullptr) {
        body += "null";
        continue;
      }
      Codec<std::decay_t<decltype(T::val)>>::write(body, waiting[at]->val);
      kept = body.size();
      waiting.push_back(waiting[at]->left);
      waiting.push_back(waiting[at]->right);
    }
    out += '[';
    out.append(body, 0, kept);
    out += ']';
  }
  static void read(Reader& in, T*& root) {
    root = nullptr;
    if (in.word("null")) return;
    std::vector<T*> parents;
    std::size_t children = 0;
    read_all(in, [&] {
      T* made = in.word("null") ? nullptr : node<T>(in);
      if (made != nullptr) made->left = made->right = nullptr;
      if (parents.empty()) {
        if (root == nullptr) root = made;
      } else if (children / 2 < parents.size()) {
        T* parent = parents[children / 2];
        (children++ % 2 == 0 ? parent->left : parent->right) = made;
      }
      if (made != nullptr) parents.push_back(made);
    });
  }
};

// --- what a call is made of ----------------------------------------------------------------------------------------
template <class... P>
struct Types {
  static constexpr std::size_t count = sizeof...(P);
};

template <class R, class... P> Types<P...> parameters(R (*)(P...));
template <class R, class C, class... P> Types<P...> parameters(R (C::*)(P...));
template <class R, class C, class... P> Types<P...> parameters(R (C::*)(P...) const);
// A variable that can be called: a lambda, std::function.
template <class T>
auto parameters(T*) -> decltype(parameters(&T::operator()));

// What an argument is kept in while it is lent.
template <class P> struct Held { using type = P; };
template <> struct Held<const char*> { using type = std::string; };
template <> struct Held<std::string_view> { using type = std::string; };
template <class P> using held = typename Held<std::decay_t<P>>::type;

template <class P>
decltype(auto) lent(held<P>& value) {
  if constexpr (std::is_same_v<std::decay_t<P>, const char*>) return value.c_str();
  else if constexpr (std::is_reference_v<P>) return static_cast<P&&>(value);
  else return P(value);
}

template <> struct Codec<const char*> {
  static void write(std::string& out, const char* value) {
    if (value == nullptr) out += "null";
    else Codec<std::string>::write(out, value);
  }
};
template <> struct Codec<char*> : Codec<const char*> {};
template <> struct Codec<std::string_view> {
  static void write(std::string& out, std::string_view value) { Codec<std::string>::write(out, std::string(value)); }
};

template <class T>
concept Sent = requires(std::string& out, const T& value) { Codec<T>::write(out, value); };
template <class T>
concept Taken = requires(Reader& in, T& value) { Codec<T>::read(in, value); };

struct Asked {
  std::vector<Reader> args;
  std::ptrdiff_t result = -1;  // the argument that is wanted after the call; -1: what it returned
  bool bye = false;
};

inline Asked asked(const std::string& text) {
  Asked made;
  Reader in{text.data(), text.data() + text.size()};
  std::string key, value;
  in.take('{');
  for (;;) {
    Codec<std::string>::read(in, key);
    in.take(':');
    if (key == "args") {
      read_all(in, [&] {
        in.space();
        const char* from = in.at;
        in.skip();
        made.args.push_back({from, in.at});
      });
    } else {
      Codec<std::string>::read(in, value);
      if (key == "op") made.bye = value == "bye";
      if (key == "result" && value != "return") made.result = std::strtol(value.c_str() + 3, nullptr, 10);
    }
    if (in.peek() == '}') return made;
    in.take(',');
  }
}

struct Answer {
  std::string text;
  std::size_t misfit = 0;  // the argument that did not fit, from 1 on
  bool done = false;
};

// --- calling -------------------------------------------------------------------------------------------------------
template <class Call, class... P, std::size_t... I>
void call(const Asked& asked, Answer& answer, Call& entry, Types<P...>, std::index_sequence<I...>) {
  static_assert((Taken<held<P>> && ...), "a parameter of the entry point has a type that tests cannot give");
  std::tuple<held<P>...> values{};
  std::size_t number = 0;
  try {
    (void(([&] {
       ++number;
       Reader in = asked.args[I];
       Codec<held<P>>::read(in, std::get<I>(values));
       in.space();
       if (in.at != in.end) throw Malformed();
     })()), ...);
  } catch (const Malformed&) {
    answer.misfit = number;
    return;
  }
  answer.done = true;
  std::string& out = answer.text;
  out = "{\"ok\":";
  using R = decltype(entry(lent<P>(std::get<I>(values))...));
  if constexpr (std::is_void_v<R>) {
    entry(lent<P>(std::get<I>(values))...);
    if (asked.result < 0) out += "null";
  } else {
    static_assert(Sent<std::decay_t<R>>, "the entry point gives a type that tests cannot read");
    auto&& result = entry(lent<P>(std::get<I>(values))...);
    if (asked.result < 0) Codec<std::decay_t<R>>::write(out, result);
  }
  (void(std::ptrdiff_t(I) == asked.result ? Codec<held<P>>::write(out, std::get<I>(values)) : void()), ...);
  out += '}';
}

template <class Types, class Kept> struct First;
template <class... P, std::size_t... I>
struct First<Types<P...>, std::index_sequence<I...>> {
  using type = Types<std::tuple_element_t<I, std::tuple<P...>>...>;
};

template <class Call, class... P>
constexpr bool callable(Types<P...>) { return requires(Call& entry, held<P>&... value) { entry(lent<P>(value)...); }; }

// Call with the first of the parameters where that many arguments were given, and the rest have defaults.
template <std::size_t N, class Call, class All>
void attempt(const Asked& asked, Answer& answer, Call& entry, All all) {
  using Indexes = std::make_index_sequence<N>;
  using Given = typename First<All, Indexes>::type;
  if constexpr (N == All::count) static_assert(callable<Call>(Given{}), "the entry point cannot be called from here");
  if constexpr (callable<Call>(Given{})) {
    if (asked.args.size() == N) return call(asked, answer, entry, Given{}, Indexes{});
    if constexpr (N > 0) attempt<N - 1>(asked, answer, entry, all);
  }
}

// One of the functions of that name: unless another did, or it takes other arguments.
template <class Call, class All>
void offer(const Asked& asked, Answer& answer, Call entry, All all) {
  if (!answer.done) attempt<All::count>(asked, answer, entry, all);
}

inline void raised(std::string& out, const char* type, const char* what) {
  int status = 0;
  char* name = abi::__cxa_demangle(type, nullptr, nullptr, &status);
  out = "{\"raise\":{\"e\":[";
  Codec<std::string>::write(out, name == nullptr ? type : name);
  out += ',';
  Codec<std::string>::write(out, what);
  out += "]}}";
  ::free(name);
}

inline void answer(const Asked& asked, std::string& out, void (*entry)(const Asked&, Answer&)) {
  Answer made;
  try {
    entry(asked, made);
  } catch (const std::bad_alloc&) {
    throw;  // ends the program, whose last words say why
  } catch (const std::exception& error) {
    return raised(out, typeid(error).name(), error.what());
  } catch (...) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    return raised(out, type == nullptr ? "unknown" : type->name(), "");
  }
  if (made.done) {
    out = std::move(made.text);
  } else if (made.misfit > 0) {
    raised(out, "TypeError", ("argument " + std::to_string(made.misfit) + " does not fit its parameter").c_str());
  } else {
    raised(out, "TypeError", ("no such function takes " + std::to_string(asked.args.size()) + " arguments").c_str());
  }
}

inline void serve(void (*entry)(const Asked&, Answer&)) {
  std::string text, out = "{\"ok\":null}";
  for (;;) {
    std::fflush(stdout);
    if (out.size() > FRAME_MAX) out = "{\"cannot\":\"more than a frame may hold\"}";
    if (!send(out) || !receive(text)) return;
    Asked request = asked(text);
    if (request.bye) return;
    answer(request, out, entry);
  }
}

}  // namespace proctor
