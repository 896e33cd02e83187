// The candidate's side: answer calls until the tests hang up.
namespace proctor {

template <class P>
constexpr bool given_back = std::is_lvalue_reference_v<P> && !std::is_const_v<std::remove_reference_t<P>>;

template <class R, class... P>
void answer(R (*function)(P...), Reader& in, std::string& out) {
  std::tuple<std::decay_t<P>...> values{};
  if constexpr (sizeof...(P) > 0) Codec<std::tuple<std::decay_t<P>...>>::read(in, values);
  out += "R[";
  if constexpr (std::is_void_v<R>) {
    std::apply([&](auto&... value) { function(static_cast<P&&>(value)...); }, values);
    out += "null";
  } else {
    std::decay_t<R> result = std::apply([&](auto&... value) -> R { return function(static_cast<P&&>(value)...); }, values);
    Codec<std::decay_t<R>>::write(out, result);
  }
  std::apply(
      [&](auto&... value) { ((given_back<P> ? (out += ',', Codec<std::decay_t<P>>::write(out, value)) : void()), ...); },
      values);
  out += ']';
}

inline char kind_of(const std::exception& error) {
  if (dynamic_cast<const std::invalid_argument*>(&error)) return 'i';
  if (dynamic_cast<const std::out_of_range*>(&error)) return 'o';
  if (dynamic_cast<const std::length_error*>(&error)) return 'l';
  if (dynamic_cast<const std::domain_error*>(&error)) return 'd';
  if (dynamic_cast<const std::overflow_error*>(&error)) return 'v';
  if (dynamic_cast<const std::logic_error*>(&error)) return 'g';
  return 'r';
}

// dispatch: (number of the function, arguments, where the answer goes).
inline void serve(void (*dispatch)(std::size_t, Reader&, std::string&)) {
  std::string asked;
  while (receive(asked)) {
    Reader in{asked.data(), asked.data() + asked.size()};
    std::string answer;
    try {
      std::size_t which = 0;
      Codec<std::size_t>::read(in, which);
      dispatch(which, in, answer);
    } catch (const std::exception& error) {
      answer = std::string("E") + kind_of(error) + error.what();
    } catch (const Malformed&) {
      ::_exit(1);
    } catch (...) {
      answer = "Er";
    }
    if (!send(answer)) return;
  }
}

}  // namespace proctor
