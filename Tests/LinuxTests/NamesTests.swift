import CLinux
import Glibc
import Testing

@testable import Linux

@Suite struct NamesTests {
  @Test func capabilities() {
    #expect(Capabilities(name: "CAP_NET_BIND_SERVICE") == .netBindService)
    #expect(Capabilities(name: "net_bind_service") == .netBindService)
    #expect(Capabilities(name: "nonsense") == nil)
    #expect(Capabilities.names.count == 41)
    #expect(Capabilities([.chown, .setfcap]).memberNames == ["CHOWN", "SETFCAP"])
  }

  @Test func signals() {
    #expect(PosixSignal(name: "SIGTERM") == .terminate)
    #expect(PosixSignal(name: "kill") == .kill)
    #expect(PosixSignal(name: "64")?.rawValue == 64)
    #expect(PosixSignal(name: "0") == nil && PosixSignal(name: "") == nil && PosixSignal(name: "65") == nil)
    #expect(PosixSignal.user1.description == "SIGUSR1")
  }

  @Test func resourceLimits() {
    #expect(ResourceLimit.Resource(name: "RLIMIT_NOFILE") == .openFiles)
    #expect(ResourceLimit.Resource(name: "core") == .core)
    #expect(ResourceLimit.Resource.openFiles.rawValue == Int32(RLIMIT_NOFILE.rawValue))
  }

  @Test func seccompProfile() {
    let filter = SeccompFilter.standard
    #expect(filter.instructions.count < 255)
    #expect(filter.bytes.count == filter.instructions.count * 8)
    let here = clinux_audit_arch
    func action(_ call: Int32, _ argument: UInt64 = 0) -> UInt32? {
      filter.evaluate(architecture: here, call: call, firstArgument: argument)
    }
    for call in SeccompFilter.refused {
      #expect(action(call.number) == SeccompFilter.fails(errno: EPERM), "\(call.name)")
    }
    #expect(action(clinux_syscall_clone3) == SeccompFilter.fails(errno: ENOSYS))
    #expect(action(clinux_syscall_clone) == SeccompFilter.allow)
    #expect(action(clinux_syscall_clone, Namespaces.user.rawValue | 17) == SeccompFilter.fails(errno: EPERM))
    #expect(action(clinux_syscall_clone, 0x0100_0000 | 17) == SeccompFilter.allow)
    #expect(action(0) == SeccompFilter.allow)
    #expect(action(0x4000_0000) == SeccompFilter.fails(errno: ENOSYS))
    #expect(filter.evaluate(architecture: 0x4000_0003, call: 0) == SeccompFilter.fails(errno: ENOSYS))
  }
}
