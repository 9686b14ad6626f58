extension HTTPClient {
  /// Names compare without regard to case; order and repetition are kept.
  public struct Headers: Sendable, Equatable, ExpressibleByDictionaryLiteral, Sequence {
    public struct Field: Sendable, Equatable {
      public var name: String
      public var value: String
    }

    public private(set) var fields: [Field] = []

    public init() {}
    public init(dictionaryLiteral elements: (String, String)...) { for (name, value) in elements { add(name, value) } }

    /// The first field of that name.
    public subscript(name: String) -> String? {
      let wanted = name.lowercased()
      return fields.first { $0.name.lowercased() == wanted }?.value
    }

    public func all(_ name: String) -> [String] {
      let wanted = name.lowercased()
      return fields.filter { $0.name.lowercased() == wanted }.map(\.value)
    }

    public mutating func add(_ name: String, _ value: String) { fields.append(Field(name: name, value: value)) }
    public func makeIterator() -> [Field].Iterator { fields.makeIterator() }
  }

  public enum Version: Sendable {
    /// HTTP/2 where TLS negotiates it, else HTTP/1.1.
    case automatic
    case http1
    /// HTTP/2 without negotiation, also without TLS.
    case http2
  }

  /// Certificates in PEM.
  public enum PEM: Sendable, Equatable {
    case text(String)
    case file(String)
  }

  /// Who is trusted, and who this side is.
  public struct TLS: Sendable, Equatable {
    /// `nil` trusts the system's authorities.
    public var authority: PEM?
    public var certificate: PEM?
    public var key: PEM?
    /// False accepts a trusted certificate for any host, for peers known by their authority alone.
    public var verifiesHostName: Bool

    public init(authority: PEM? = nil, certificate: PEM? = nil, key: PEM? = nil, verifiesHostName: Bool = true) {
      self.authority = authority
      self.certificate = certificate
      self.key = key
      self.verifiesHostName = verifiesHostName
    }
  }

  public struct Rate: Sendable, Equatable {
    public var bytesPerSecond: Int
    public var over: Duration

    public init(bytesPerSecond: Int, over: Duration) {
      self.bytesPerSecond = bytesPerSecond
      self.over = over
    }
  }

  /// How requests are sent. A client has defaults; a request may carry its own.
  public struct Options: Sendable {
    public var tls: TLS
    /// Connects here instead of to the URL's host and port.
    public var unixSocketPath: String?
    /// Sent as `Authorization: Bearer`; libcurl keeps it from other hosts when it follows a redirect.
    public var bearer: String?
    public var version: Version
    /// Name resolution, connection and TLS handshake.
    public var connectTimeout: Duration
    /// The whole exchange with both bodies; `nil` for no limit, as a watch needs.
    public var totalTimeout: Duration?
    /// Ends a transfer that is slower for that long; time in which the reader holds it up does not count.
    public var minimumRate: Rate?
    /// For GET and HEAD; 0 gives the caller the redirect itself, as other methods always do.
    public var redirectsMax: Int
    /// Bytes of response body that wait for the reader before the connection is held up (plus at most 16 KiB).
    public var bufferMax: Int
    /// `http://host:port`; `nil` connects directly. The environment's proxy variables are not used.
    public var proxy: String?
    public var userAgent: String

    public init(
      tls: TLS = TLS(), unixSocketPath: String? = nil, bearer: String? = nil, version: Version = .automatic,
      connectTimeout: Duration = .seconds(10), totalTimeout: Duration? = nil, minimumRate: Rate? = nil,
      redirectsMax: Int = 0, bufferMax: Int = 256 << 10, proxy: String? = nil, userAgent: String = "aether"
    ) {
      self.tls = tls
      self.unixSocketPath = unixSocketPath
      self.bearer = bearer
      self.version = version
      self.connectTimeout = connectTimeout
      self.totalTimeout = totalTimeout
      self.minimumRate = minimumRate
      self.redirectsMax = redirectsMax
      self.bufferMax = bufferMax
      self.proxy = proxy
      self.userAgent = userAgent
    }
  }

  public enum RequestBody: Sendable {
    case none
    case bytes([UInt8])
    /// Runs the closure beside the response; `length` in bytes when it is known beforehand.
    case stream(length: Int? = nil, @Sendable (BodyWriter) async throws -> Void)
  }

  public struct Request: Sendable {
    public var method: String
    /// `http` or `https`, with percent-encoding done.
    public var url: String
    public var headers: Headers
    public var body: RequestBody
    /// `nil` takes the client's.
    public var options: Options?

    public init(
      _ method: String = "GET", _ url: String, headers: Headers = Headers(), body: RequestBody = .none,
      options: Options? = nil
    ) {
      self.method = method
      self.url = url
      self.headers = headers
      self.body = body
      self.options = options
    }
  }

  /// The writing end of a request body.
  public struct BodyWriter: Sendable {
    let transfer: Transfer

    /// Returns once the chunk is taken; waits while an earlier one has not been sent.
    public func write(_ chunk: [UInt8]) async throws(HTTPClientError) { try await transfer.write(chunk) }
  }
}

extension HTTPClient.Request {
  /// Refuses what would break out of its line in the request's head (RFC 9110, section 5).
  func checked() throws(HTTPClientError) -> HTTPClient.Request {
    guard !method.isEmpty, method.utf8.allSatisfy(isTokenByte) else {
      throw HTTPClientError(.invalidRequest, "the method \"\(method)\" is not a token")
    }
    guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw HTTPClientError(.invalidRequest, "the URL holds characters that need percent-encoding")
    }
    if method == "HEAD" {
      guard case .none = body else { throw HTTPClientError(.invalidRequest, "a HEAD request has no body") }
    }
    for field in headers {
      guard !field.name.isEmpty, field.name.utf8.allSatisfy(isTokenByte) else {
        throw HTTPClientError(.invalidRequest, "the header name \"\(field.name)\" is not a token")
      }
      guard isFieldValue(field.value) else {
        throw HTTPClientError(.invalidRequest, "the header \(field.name) holds control characters")
      }
    }
    if let bearer = options?.bearer, !isFieldValue(bearer) {
      throw HTTPClientError(.invalidRequest, "the bearer token holds control characters")
    }
    return self
  }

  private func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"):
      true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }

  private func isFieldValue(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }
  }
}
