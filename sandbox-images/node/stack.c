/* Room on the stack for deep recursion, as an add-on that node loads before the program (--require).
 *
 * node's own option, --stack-size, makes V8 pass over the compiled code that it brings along, which costs every start
 * 8 ms of CPU. Asking V8 itself (its Isolate::SetStackLimit) costs less than one. Of the main thread alone: the stacks
 * of others are as large as node made them. V8's functions are C++'s, so they go by their mangled names here.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ROOM ((uintptr_t)60000 << 10)

void *current_isolate(void) __asm__("_ZN2v87Isolate10GetCurrentEv");
void set_stack_limit(void *isolate, uintptr_t limit) __asm__("_ZN2v87Isolate13SetStackLimitEm");

void *napi_register_module_v1(void *env, void *exports) {
  (void)env;
  if (getpid() == syscall(SYS_gettid))
    set_stack_limit(current_isolate(), (uintptr_t)__builtin_frame_address(0) - ROOM);
  return exports;
}
