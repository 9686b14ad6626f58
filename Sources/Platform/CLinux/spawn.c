// vfork-style start of the supervisor. The child shares the caller's memory and runs on its own stack, so it makes
// raw system calls only and touches nothing but its own stack.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CLinux.h"

const uint64_t clinux_new_mount = CLONE_NEWNS, clinux_new_pid = CLONE_NEWPID, clinux_new_network = CLONE_NEWNET,
               clinux_new_ipc = CLONE_NEWIPC, clinux_new_uts = CLONE_NEWUTS, clinux_new_cgroup = CLONE_NEWCGROUP,
               clinux_new_user = CLONE_NEWUSER;

#define STACK_SIZE (64 * 1024)

// clone3, then `entry(argument)` on the new stack in the child, whose result is its exit code.
#if defined(__x86_64__)
__attribute__((naked, noinline)) static long clone3_call(struct clone_args *arguments, size_t size,
                                                         int (*entry)(void *), void *argument) {
  __asm__ volatile(
      "mov %rdx, %r8\n"
      "mov %rcx, %r9\n"
      "mov $435, %eax\n"
      "syscall\n"
      "test %rax, %rax\n"
      "jne 1f\n"
      "xor %ebp, %ebp\n"
      "mov %r9, %rdi\n"
      "call *%r8\n"
      "mov %eax, %edi\n"
      "mov $60, %eax\n"
      "syscall\n"
      "1: ret\n");
}
#elif defined(__aarch64__)
__attribute__((naked, noinline)) static long clone3_call(struct clone_args *arguments, size_t size,
                                                         int (*entry)(void *), void *argument) {
  __asm__ volatile(
      "mov x8, #435\n"
      "svc #0\n"
      "cbnz x0, 1f\n"
      "mov x29, #0\n"
      "mov x0, x3\n"
      "blr x2\n"
      "mov x8, #93\n"
      "svc #0\n"
      "1: ret\n");
}
#else
#error "clone3_call is written for x86_64 and aarch64"
#endif

struct child {
  int executable, control;
  const char *name;
  int error;  // errno of a failed exec
};

static int run_child(void *argument) {
  struct child *child = argument;
  char number[12];
  int at = sizeof number - 1, rest = child->control;
  sigset_t none;
  sigemptyset(&none);
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
  number[at] = 0;
  do {
    number[--at] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest);
  // What ps(1) shows: the program, the cell, and the descriptor.
  char *arguments[] = {"aether-init", (char *)child->name, number + at, NULL}, *environment[] = {NULL};
  syscall(SYS_fcntl, child->control, F_SETFD, 0);
  syscall(SYS_execveat, child->executable, "", arguments, environment, AT_EMPTY_PATH);
  child->error = errno;
  return 127;
}

int clinux_spawn_init(int executable, int control, const char *name, uint64_t namespaces, int group, int *pidfd) {
  struct clone_args arguments;
  struct child child = {executable, control, name, 0};
  sigset_t all, old;
  int made = -1;
  char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return -errno;
  memset(&arguments, 0, sizeof arguments);
  arguments.flags = namespaces | CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
  arguments.pidfd = (uint64_t)(uintptr_t)&made;
  arguments.exit_signal = SIGCHLD;
  arguments.stack = (uint64_t)(uintptr_t)stack;
  arguments.stack_size = STACK_SIZE;
  if (group >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = (uint64_t)group;
  }
  // A signal handler in the child would run on the caller's data.
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  long pid = clone3_call(&arguments, sizeof arguments, run_child, &child);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  munmap(stack, STACK_SIZE);
  if (pid < 0) return (int)pid;
  if (child.error) {
    int code, signal;
    clinux_pidfd_wait(made, 0, &code, &signal);
    close(made);
    return -child.error;
  }
  *pidfd = made;
  return (int)pid;
}
