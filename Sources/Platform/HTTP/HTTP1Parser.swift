import CLLHTTP

/// Why bytes are not an acceptable HTTP/1 message. The connection cannot be used any further.
public enum HTTP1Error: Error, Sendable, Equatable {
  /// The grammar, or the rules against request smuggling, were broken.
  case malformed(String)
  case targetTooLong
  case headersTooLarge
  /// A transfer coding other than exactly `chunked`.
  case unsupportedTransferCoding
  case unsupportedVersion

  /// The status that tells a client about it (RFC 9112, RFC 6585).
  public var status: HTTPStatus {
    switch self {
    case .malformed: .badRequest
    case .targetTooLong: .uriTooLong
    case .headersTooLarge: .requestHeaderFieldsTooLarge
    case .unsupportedTransferCoding: .notImplemented
    case .unsupportedVersion: .versionNotSupported
    }
  }
}

/// Bounds of one message's start line and headers; trailers count with the headers.
public struct HTTP1Limits: Sendable {
  public var targetBytes = 8 * 1024
  public var headerBytes = 32 * 1024
  public var headerCount = 128

  public init() {}
}

/// How much content follows a head.
public enum HTTP1BodyLength: Sendable, Equatable {
  case none
  case known(Int)
  case chunked
  /// Until the connection ends (responses only).
  case untilClose
}

/// Messages found in the bytes of one direction of an HTTP/1 connection; calls come from inside `execute`.
public protocol HTTP1ParserDelegate: AnyObject {
  func http1(_ parser: HTTP1Parser, received head: HTTPRequestHead, body: HTTP1BodyLength)
  func http1(_ parser: HTTP1Parser, received head: HTTPResponseHead, body: HTTP1BodyLength)
  /// Valid during the call only.
  func http1(_ parser: HTTP1Parser, received content: UnsafeRawBufferPointer)
  /// The message is complete.
  /// - Returns: whether to go on with the next pipelined message; with false `execute` ends as `.paused`.
  func http1Ended(_ parser: HTTP1Parser, trailers: HTTPHeaders) -> Bool
}

extension HTTP1ParserDelegate {
  public func http1(_ parser: HTTP1Parser, received head: HTTPRequestHead, body: HTTP1BodyLength) {}
  public func http1(_ parser: HTTP1Parser, received head: HTTPResponseHead, body: HTTP1BodyLength) {}
}

/// Bytes in, messages out: HTTP/1.0 and 1.1 in strict mode over llhttp.
///
/// On top of llhttp's own rules a request is refused when it has several or no `Host` (1.1), any transfer coding other
/// than a single `chunked`, chunked content in HTTP/1.0, or a bare CR, LF or control byte in its header block.
public final class HTTP1Parser {
  public enum Role: Sendable { case requests, responses }

  public enum Outcome: Sendable, Equatable {
    /// All bytes were used.
    case needsMore
    /// The delegate asked for a pause after this many bytes; call `resume` before the next `execute`.
    case paused(consumed: Int)
    /// After this many bytes the peer wants (request) or speaks (response 101) another protocol. When the upgrade is
    /// not taken, `resumeWithoutUpgrade` goes on with HTTP.
    case upgrade(consumed: Int)
    case failed(HTTP1Error)
  }

  public let role: Role
  /// Owns the parser, as a rule, and so is there whenever the parser runs.
  public unowned(unsafe) let delegate: any HTTP1ParserDelegate
  public private(set) var limits: HTTP1Limits

  /// Facts about the request whose head was delivered last.
  public private(set) var keepsAlive = true
  public private(set) var expectsContinue = false
  public private(set) var wantsUpgrade = false
  /// The peer has begun a message and not yet completed its head.
  public private(set) var isInsideHead = false

  let machine: UnsafeMutablePointer<llhttp_t>
  private var target: [UInt8] = []
  private var headers = HTTPHeaders()
  private var fieldStart = 0
  private var valueStart = 0
  private var isInValue = false
  private var hasField = false
  private var headComplete = false
  private var hostCount = 0
  private var transferCodings = 0
  private var chunkedOnly = true
  private var error: HTTP1Error?
  private var isStopped = false

  /// - Parameter delegate: not retained; it must outlive the parser.
  public init(role: Role, limits: HTTP1Limits = HTTP1Limits(), delegate: any HTTP1ParserDelegate) {
    self.role = role
    self.limits = limits
    self.delegate = delegate
    machine = .allocate(capacity: 1)
    llhttp_init(machine, role == .requests ? HTTP_REQUEST : HTTP_RESPONSE, HTTP1Callbacks.settings)
    machine.pointee.data = Unmanaged.passUnretained(self).toOpaque()
  }

  deinit { machine.deallocate() }

  public func execute(_ bytes: UnsafeRawBufferPointer) -> Outcome {
    if let error { return .failed(error) }
    guard let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self), !isStopped else { return .needsMore }
    let code = llhttp_execute(machine, start, bytes.count)
    func consumed() -> Int { llhttp_get_error_pos(machine).map { max(0, min(bytes.count, $0 - start)) } ?? bytes.count }
    switch code {
    case HPE_OK: return .needsMore
    case HPE_PAUSED: return .paused(consumed: consumed())
    case HPE_PAUSED_UPGRADE: return .upgrade(consumed: consumed())
    default:
      let failure = error ?? .malformed(llhttp_get_error_reason(machine).map { String(cString: $0) } ?? "")
      error = failure
      return .failed(failure)
    }
  }

  public func resume() { llhttp_resume(machine) }

  public func resumeWithoutUpgrade() { llhttp_resume_after_upgrade(machine) }

  /// The peer sends no more.
  /// - Returns: false when that cuts a message short.
  public func finish() -> Bool { llhttp_finish(machine) == HPE_OK }

  /// Nothing is delivered any more, not even from bytes being looked at now.
  public func stop() { isStopped = true }

  // MARK: What the C callbacks do; zero goes on

  func messageBegan() -> Int32 {
    target.removeAll(keepingCapacity: true)
    headers = HTTPHeaders()
    headers.reserve(fields: 12, bytes: 512)
    hasField = false
    isInValue = false
    headComplete = false
    hostCount = 0
    transferCodings = 0
    chunkedOnly = true
    expectsContinue = false
    isInsideHead = true
    return 0
  }

  func targetPart(_ bytes: UnsafeRawBufferPointer) -> Int32 {
    guard target.count + bytes.count <= limits.targetBytes else { return fail(.targetTooLong) }
    target.append(contentsOf: bytes)
    return 0
  }

  func namePart(_ bytes: UnsafeRawBufferPointer) -> Int32 {
    if isInValue {
      let code = endField()
      if code != 0 { return code }
    }
    if !hasField {
      hasField = true
      fieldStart = headers.bytes.count
      guard headers.fields.count < limits.headerCount else { return fail(.headersTooLarge) }
    }
    return append(bytes)
  }

  func valuePart(_ bytes: UnsafeRawBufferPointer) -> Int32 {
    if !isInValue {
      isInValue = true
      valueStart = headers.bytes.count
    }
    for byte in bytes where (byte < 32 && byte != 9) || byte == 127 {
      return fail(.malformed("control byte in a header value"))
    }
    return append(bytes)
  }

  private func append(_ bytes: UnsafeRawBufferPointer) -> Int32 {
    guard headers.bytes.count + bytes.count <= limits.headerBytes else { return fail(.headersTooLarge) }
    headers.bytes.append(contentsOf: bytes)
    return 0
  }

  private func endField() -> Int32 {
    defer {
      hasField = false
      isInValue = false
    }
    if !isInValue { valueStart = headers.bytes.count }
    while headers.bytes.count > valueStart, let last = headers.bytes.last, last == 32 || last == 9 {
      headers.bytes.removeLast()
    }
    let nameCount = valueStart - fieldStart
    if nameCount == 0 { return fail(.malformed("a header without a name")) }
    headers.bytes.withUnsafeMutableBufferPointer { bytes in
      for index in fieldStart..<valueStart { bytes[index] = HTTPToken.lowercased(bytes[index]) }
    }
    headers.fields.append(
      HTTPHeaders.Field(
        start: UInt32(fieldStart), nameCount: UInt32(nameCount), valueCount: UInt32(headers.bytes.count - valueStart)))
    if !headComplete { note(nameCount) }
    return 0
  }

  /// Looks for the fields that decide about framing and routing.
  private func note(_ nameCount: Int) {
    let name = headers.bytes[fieldStart..<valueStart]
    switch nameCount {
    case 4 where name.elementsEqual("host".utf8): hostCount += 1
    case 6 where name.elementsEqual("expect".utf8):
      expectsContinue = HTTPToken.equal(headers.bytes[valueStart...], "100-continue".utf8)
    case 17 where name.elementsEqual("transfer-encoding".utf8):
      transferCodings += 1
      if !HTTPToken.equal(headers.bytes[valueStart...], "chunked".utf8) { chunkedOnly = false }
    default: break
    }
  }

  func headEnded() -> Int32 {
    if hasField {
      let code = endField()
      if code != 0 { return code }
    }
    headComplete = true
    isInsideHead = false
    let major = machine.pointee.http_major
    let minor = machine.pointee.http_minor
    guard major == 1, minor <= 1 else { return fail(.unsupportedVersion) }
    let version: HTTPVersion = minor == 0 ? .http1_0 : .http1_1
    keepsAlive = llhttp_should_keep_alive(machine) != 0
    wantsUpgrade = machine.pointee.upgrade != 0
    if transferCodings > 0 {
      if version == .http1_0 { return fail(.malformed("chunked content in HTTP/1.0")) }
      if transferCodings > 1 || !chunkedOnly { return fail(.unsupportedTransferCoding) }
    }
    if isStopped { return fail(.malformed("stopped")) }
    let complete = role == .requests ? deliverRequest(version) : deliverResponse(version)
    return complete == 0 && isStopped ? fail(.malformed("stopped")) : complete
  }

  private func deliverRequest(_ version: HTTPVersion) -> Int32 {
    if hostCount > 1 || (hostCount == 0 && version == .http1_1) {
      return fail(.malformed("a request needs exactly one Host"))
    }
    var head = HTTPRequestHead(
      method: HTTP1Callbacks.method(machine.pointee.method), path: "", headers: headers, version: version)
    if hostCount == 1 { head.authority = headers["host"] ?? "" }
    headers = HTTPHeaders()
    guard setTarget(&head) else { return fail(.malformed("invalid request target")) }
    let flags = Int32(machine.pointee.flags)
    let body: HTTP1BodyLength =
      flags & Int32(F_CHUNKED.rawValue) != 0
      ? .chunked : machine.pointee.content_length > 0 ? .known(Int(clamping: machine.pointee.content_length)) : .none
    delegate.http1(self, received: head, body: body)
    return 0
  }

  private func deliverResponse(_ version: HTTPVersion) -> Int32 {
    let status = HTTPStatus(Int(machine.pointee.status_code))
    let head = HTTPResponseHead(status: status, headers: headers, version: version)
    headers = HTTPHeaders()
    let flags = Int32(machine.pointee.flags)
    var body = HTTP1BodyLength.none
    if status.allowsContent {
      if flags & Int32(F_CHUNKED.rawValue) != 0 {
        body = .chunked
      } else if flags & Int32(F_CONTENT_LENGTH.rawValue) != 0 {
        body = machine.pointee.content_length > 0 ? .known(Int(clamping: machine.pointee.content_length)) : .none
      } else {
        body = .untilClose
      }
    }
    delegate.http1(self, received: head, body: body)
    return 0
  }

  /// Origin form, absolute form, `*`, or authority form for CONNECT (RFC 9112 section 3.2).
  private func setTarget(_ head: inout HTTPRequestHead) -> Bool {
    target.withUnsafeBytes { bytes in
      if head.method == .connect {
        head.authority = String(decoding: bytes, as: UTF8.self)
        return !bytes.isEmpty
      }
      if bytes.first == UInt8(ascii: "/") || (bytes.count == 1 && bytes[0] == UInt8(ascii: "*")) {
        head.setTarget(bytes)
        return true
      }
      for scheme in ["http", "https"] where bytes.starts(with: scheme.utf8) {
        let prefix = scheme.utf8.count + 3
        guard bytes.count > prefix, bytes[scheme.utf8.count..<prefix].elementsEqual("://".utf8) else { continue }
        let rest = UnsafeRawBufferPointer(rebasing: bytes[prefix...])
        let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.count
        head.authority = String(decoding: rest[..<end], as: UTF8.self)
        head.setTarget(UnsafeRawBufferPointer(rebasing: rest[end...]))
        if head.path.isEmpty { head.path = "/" }
        return true
      }
      return false
    }
  }

  func content(_ bytes: UnsafeRawBufferPointer) -> Int32 {
    if isStopped { return fail(.malformed("stopped")) }
    delegate.http1(self, received: bytes)
    return isStopped ? fail(.malformed("stopped")) : 0
  }

  func messageEnded() -> Int32 {
    if hasField {
      let code = endField()
      if code != 0 { return code }
    }
    if isStopped { return fail(.malformed("stopped")) }
    let goesOn = delegate.http1Ended(self, trailers: headers)
    headers = HTTPHeaders()
    if isStopped { return fail(.malformed("stopped")) }
    return goesOn ? 0 : Int32(HPE_PAUSED.rawValue)
  }

  private func fail(_ error: HTTP1Error) -> Int32 {
    self.error = error
    return Int32(HPE_USER.rawValue)
  }
}

/// The C side of `HTTP1Parser`: `data` is the parser, unretained, alive while its `execute` runs.
enum HTTP1Callbacks {
  /// Written once here and only read afterwards, by all parsers.
  nonisolated(unsafe) static let settings: UnsafeMutablePointer<llhttp_settings_t> = {
    let settings = UnsafeMutablePointer<llhttp_settings_t>.allocate(capacity: 1)
    llhttp_settings_init(settings)
    settings.pointee.on_message_begin = { HTTP1Callbacks.parser($0)?.messageBegan() ?? -1 }
    settings.pointee.on_url = { HTTP1Callbacks.parser($0)?.targetPart(.init(start: $1, count: $2)) ?? -1 }
    settings.pointee.on_header_field = { HTTP1Callbacks.parser($0)?.namePart(.init(start: $1, count: $2)) ?? -1 }
    settings.pointee.on_header_value = { HTTP1Callbacks.parser($0)?.valuePart(.init(start: $1, count: $2)) ?? -1 }
    settings.pointee.on_headers_complete = { HTTP1Callbacks.parser($0)?.headEnded() ?? -1 }
    settings.pointee.on_body = { HTTP1Callbacks.parser($0)?.content(.init(start: $1, count: $2)) ?? -1 }
    settings.pointee.on_message_complete = { HTTP1Callbacks.parser($0)?.messageEnded() ?? -1 }
    return settings
  }()

  @inline(__always)
  static func parser(_ machine: UnsafeMutablePointer<llhttp_t>?) -> HTTP1Parser? {
    guard let data = machine?.pointee.data else { return nil }
    return Unmanaged<HTTP1Parser>.fromOpaque(data).takeUnretainedValue()
  }

  static func method(_ code: UInt8) -> HTTPMethod {
    switch UInt32(code) {
    case HTTP_GET.rawValue: .get
    case HTTP_HEAD.rawValue: .head
    case HTTP_POST.rawValue: .post
    case HTTP_PUT.rawValue: .put
    case HTTP_DELETE.rawValue: .delete
    case HTTP_CONNECT.rawValue: .connect
    case HTTP_OPTIONS.rawValue: .options
    case HTTP_TRACE.rawValue: .trace
    case HTTP_PATCH.rawValue: .patch
    default: .other(String(cString: llhttp_method_name(llhttp_method_t(rawValue: UInt32(code)))))
    }
  }
}
