import CLinux
import Glibc
import Linux
import Net

/// The answer to a request, with the descriptors that came along; whoever gets it owns them.
struct SupervisorAnswer: Sendable {
  var reply: InitReply
  var descriptors: [Int32]
  /// Of a list: one entry per process, with its pid as seen from here (0: it ended).
  var list: [(reply: InitReply, pid: Int32)] = []

  /// The descriptor of that role; the others stay.
  func descriptor(_ role: ai_fd_role) -> Int32? {
    for (index, descriptor) in descriptors.enumerated() where index < reply.roles.count {
      if UInt32(reply.roles[index]) == role.rawValue { return descriptor }
    }
    return nil
  }

  func closeDescriptors(except kept: Int32? = nil) {
    for descriptor in descriptors where descriptor != kept { close(descriptor) }
  }
}

/// One connection to a supervisor: requests out, answers matched by number, events handed on. Lives on the loop of
/// its cell; nothing in it is touched elsewhere.
final class SupervisorLink {
  typealias Continuation = CheckedContinuation<Result<SupervisorAnswer, NodeError>, Never>

  private let socket: Int32
  private var watch: DescriptorWatch?
  private var pending: [UInt32: (continuation: Continuation, list: [(reply: InitReply, pid: Int32)])] = [:]
  private var last: UInt32 = 0
  /// Sees every message in the order of arrival; answers before those who wait for them.
  private let onMessage: (SupervisorAnswer) -> Void
  private let onEnd: () -> Void
  private(set) var isOpen = true

  /// Takes over `socket`, which must not block. On the loop only.
  init(
    socket: Int32, loop: EventLoop, onMessage: @escaping (SupervisorAnswer) -> Void, onEnd: @escaping () -> Void
  ) throws(NodeError) {
    self.socket = socket
    self.onMessage = onMessage
    self.onEnd = onEnd
    do {
      watch = try loop.register(socket, .readable) { [weak self] _ in self?.read() }
    } catch {
      Glibc.close(socket)
      throw .supervisor("cannot watch its socket: \(error)")
    }
  }

  /// Number for the next request.
  func nextRequest() -> UInt32 {
    last = last == .max ? 1 : last + 1
    return last
  }

  /// Sends a request; the continuation is resumed with its answer.
  func send(_ message: InitRequest, number: UInt32, descriptors: [Int32], _ continuation: Continuation) {
    guard isOpen else { return continuation.resume(returning: .failure(.supervisor("the connection is closed"))) }
    if message.isTooLong {
      return continuation.resume(
        returning: .failure(
          .invalid(
            field: "command", message: "arguments and environment together exceed \(AI_MESSAGE_MAX) bytes")))
    }
    do throws(LinuxError) {
      try MessageSocket.send(message.bytes, descriptors: descriptors, to: socket)
      pending[number] = (continuation, [])
    } catch {
      continuation.resume(returning: .failure(.supervisor("cannot be reached: \(error)")))
    }
  }

  private func read() {
    while isOpen {
      do throws(LinuxError) {
        switch try MessageSocket.receive(from: socket) {
        case .nothingNow: return
        case .end: return end()
        case .message(let bytes, let descriptors): handle(bytes, descriptors)
        }
      } catch {
        return end()
      }
    }
  }

  private func handle(_ bytes: [UInt8], _ descriptors: [Int32]) {
    guard let reply = InitReply(bytes) else {
      for descriptor in descriptors { Glibc.close(descriptor) }
      return end()
    }
    let answer = SupervisorAnswer(reply: reply, descriptors: descriptors)
    if reply.request == 0 { return onMessage(answer) }
    if reply.kind == AI_PROCESS.rawValue {
      let pid = answer.descriptor(AI_FD_PROCESS).map { max(0, clinux_pidfd_pid($0)) } ?? 0
      pending[reply.request]?.list.append((reply, pid))
      return answer.closeDescriptors()
    }
    guard let (continuation, list) = pending.removeValue(forKey: reply.request) else {
      return answer.closeDescriptors()
    }
    if let failure = reply.failure {
      answer.closeDescriptors()
      continuation.resume(
        returning: .failure(.failed(step: stepName(failure.step), subject: failure.detail, errno: failure.errno)))
    } else {
      onMessage(answer)
      continuation.resume(returning: .success(SupervisorAnswer(reply: reply, descriptors: descriptors, list: list)))
    }
  }

  private func end() {
    guard isOpen else { return }
    close()
    onEnd()
  }

  /// Closes the connection; requests under way fail. Harmless when repeated.
  func close() {
    guard isOpen else { return }
    isOpen = false
    watch?.cancel()
    watch = nil
    Glibc.close(socket)
    let waiting = pending
    pending = [:]
    for (continuation, _) in waiting.values {
      continuation.resume(returning: .failure(.supervisor("the connection was lost")))
    }
  }
}
