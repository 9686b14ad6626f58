// Numbers for the default seccomp profile. It refuses what changes the kernel, the clock, namespaces and mounts, what
// looks into other processes, and interfaces with a record of kernel bugs that ordinary programs do not need.
#define _GNU_SOURCE
#include <linux/audit.h>
#include <sys/syscall.h>

#include "CLinux.h"

#define CALL(name) {#name, SYS_##name}

static const struct clinux_syscall refused[] = {
    CALL(acct), CALL(add_key), CALL(adjtimex), CALL(bpf), CALL(clock_adjtime), CALL(clock_settime),
    CALL(delete_module), CALL(fanotify_init), CALL(finit_module), CALL(fsconfig), CALL(fsmount), CALL(fsopen),
    CALL(fspick), CALL(get_mempolicy), CALL(init_module), CALL(io_uring_enter), CALL(io_uring_register),
    CALL(io_uring_setup), CALL(kcmp), CALL(kexec_file_load), CALL(kexec_load), CALL(keyctl), CALL(lookup_dcookie),
    CALL(mbind), CALL(migrate_pages), CALL(mount), CALL(mount_setattr), CALL(move_mount), CALL(move_pages),
    CALL(name_to_handle_at), CALL(nfsservctl), CALL(open_by_handle_at), CALL(open_tree), CALL(perf_event_open),
    CALL(personality), CALL(pidfd_getfd), CALL(pivot_root), CALL(process_madvise), CALL(process_vm_readv),
    CALL(process_vm_writev), CALL(ptrace), CALL(quotactl), CALL(quotactl_fd), CALL(reboot), CALL(request_key),
    CALL(set_mempolicy), CALL(setdomainname), CALL(sethostname), CALL(setns), CALL(settimeofday), CALL(swapoff),
    CALL(swapon), CALL(syslog), CALL(umount2), CALL(unshare), CALL(userfaultfd), CALL(vhangup),
#ifdef SYS_ioperm
    CALL(ioperm), CALL(iopl),
#endif
#ifdef SYS_create_module
    CALL(create_module), CALL(get_kernel_syms), CALL(query_module), CALL(sysfs), CALL(uselib), CALL(ustat),
    CALL(_sysctl), CALL(modify_ldt),
#endif
};

const struct clinux_syscall *clinux_refused_syscalls_at(int index) {
  return index >= 0 && index < (int)(sizeof refused / sizeof refused[0]) ? &refused[index] : NULL;
}

const int clinux_syscall_clone = SYS_clone, clinux_syscall_clone3 = SYS_clone3;
// mseal (462) came with Linux 6.10; what is newer answers ENOSYS, as on an older kernel.
const int clinux_syscall_max = 462;

#if defined(__x86_64__)
const uint32_t clinux_audit_arch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
const uint32_t clinux_audit_arch = AUDIT_ARCH_AARCH64;
#endif
