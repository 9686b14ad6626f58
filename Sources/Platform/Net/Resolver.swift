import CNet
import Glibc
import Synchronization

/// Names to addresses, by getaddrinfo(3) on threads of its own because it blocks.
public enum Resolver {
  /// Look-ups at once; more of them fail, as a name server that does not answer must not pile up threads.
  private static let lookupsMax = 64
  private static let lookups = Atomic<Int>(0)

  /// The addresses of a host in the order of preference of the system (RFC 6724).
  public static func addresses(
    of host: String, port: UInt16, by deadline: MonotonicInstant
  ) async throws(NetError) -> [SocketAddress] {
    if let literal = SocketAddress(literal: host, port: port) { return [literal] }
    guard !host.isEmpty, host.utf8.count <= 253, !host.utf8.contains(0) else { throw .invalidAddress(host) }
    let result: Result<[SocketAddress], NetError> = await withCheckedContinuation { continuation in
      guard lookups.wrappingAdd(1, ordering: .relaxed).newValue <= lookupsMax else {
        lookups.wrappingSubtract(1, ordering: .relaxed)
        continuation.resume(returning: .failure(.resolution(host: host, reason: "too many look-ups at once")))
        return
      }
      let request = Request(host: host, port: port, continuation: continuation)
      var thread = pthread_t()
      let status = pthread_create(
        &thread, nil,
        { argument in
          if let argument { Unmanaged<Request>.fromOpaque(argument).takeRetainedValue().run() }
          return nil
        }, Unmanaged.passRetained(request).toOpaque())
      if status == 0 {
        pthread_detach(thread)
      } else {
        Unmanaged.passUnretained(request).release()
        lookups.wrappingSubtract(1, ordering: .relaxed)
        continuation.resume(returning: .failure(.system(call: "pthread_create", errno: status)))
      }
    }
    guard MonotonicInstant.now < deadline else { throw .connectTimeout }
    return try result.get()
  }

  private final class Request: Sendable {
    let host: String
    let port: UInt16
    let continuation: CheckedContinuation<Result<[SocketAddress], NetError>, Never>

    init(host: String, port: UInt16, continuation: CheckedContinuation<Result<[SocketAddress], NetError>, Never>) {
      self.host = host
      self.port = port
      self.continuation = continuation
    }

    func run() {
      let result = lookUp()
      Resolver.lookups.wrappingSubtract(1, ordering: .relaxed)
      continuation.resume(returning: result)
    }

    private func lookUp() -> Result<[SocketAddress], NetError> {
      var hints = addrinfo()
      hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
      hints.ai_flags = AI_ADDRCONFIG
      var list: UnsafeMutablePointer<addrinfo>?
      let status = getaddrinfo(host, nil, &hints, &list)
      guard status == 0 else {
        return .failure(.resolution(host: host, reason: String(cString: gai_strerror(status))))
      }
      defer { freeaddrinfo(list) }
      var found: [SocketAddress] = []
      var entry = list
      while let item = entry {
        if let address = item.pointee.ai_addr {
          var storage = sockaddr_storage()
          withUnsafeMutableBytes(of: &storage) {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: Int(item.pointee.ai_addrlen)))
          }
          if let parsed = SocketAddress(&storage, length: item.pointee.ai_addrlen) {
            found.append(parsed.with(port: port))
          }
        }
        entry = item.pointee.ai_next
      }
      return found.isEmpty
        ? .failure(.resolution(host: host, reason: "no address")) : .success(found)
    }
  }
}
