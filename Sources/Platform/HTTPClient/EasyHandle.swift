import CCurl
import CCurlShim
import Glibc

/// libcurl's side of one transfer, used by the engine's thread only.
final class EasyHandle {
  let easy: UnsafeMutableRawPointer
  let transfer: Transfer
  private var headerList: UnsafeMutablePointer<curl_slist>?
  private let errorBuffer: UnsafeMutablePointer<CChar>
  private var head = ResponseHead()

  /// Must not be called back after this value is gone; the engine removes it from libcurl first.
  init(_ transfer: Transfer) throws(HTTPClientError) {
    guard let easy = curl_easy_init() else {
      throw HTTPClientError(.other(Int(CURLE_OUT_OF_MEMORY.rawValue)), "out of memory")
    }
    self.easy = easy
    self.transfer = transfer
    errorBuffer = .allocate(capacity: Int(CURL_ERROR_SIZE))
    errorBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    try configure()
  }

  deinit {
    curl_easy_cleanup(easy)
    curl_slist_free_all(headerList)
    errorBuffer.deallocate()
  }

  // MARK: Options

  /// libcurl would repeat a custom method and its body at the new place, which is right for safe methods alone.
  private var followsRedirects: Bool {
    transfer.options.redirectsMax > 0 && (transfer.request.method == "GET" || transfer.request.method == "HEAD")
  }

  private func set(_ option: CURLoption, _ value: Int) throws(HTTPClientError) {
    try check(aether_curl_set_long(easy, option, value), option)
  }

  private func set(_ option: CURLoption, _ value: String) throws(HTTPClientError) {
    try check(aether_curl_set_string(easy, option, value), option)
  }

  private func set(_ option: CURLoption, _ value: UnsafeMutableRawPointer?) throws(HTTPClientError) {
    try check(aether_curl_set_pointer(easy, option, value), option)
  }

  private func check(_ code: CURLcode, _ option: CURLoption) throws(HTTPClientError) {
    guard code != CURLE_OK else { return }
    let text = String(cString: curl_easy_strerror(code))
    throw HTTPClientError(.invalidRequest, "libcurl refuses option \(option.rawValue): \(text)")
  }

  private func configure() throws(HTTPClientError) {
    let options = transfer.options
    try set(CURLOPT_ERRORBUFFER, errorBuffer)
    try set(CURLOPT_URL, transfer.request.url)
    try set(CURLOPT_PROTOCOLS_STR, "http,https")
    try set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
    try set(CURLOPT_NOSIGNAL, 1)
    try set(CURLOPT_TCP_KEEPALIVE, 1)
    try set(CURLOPT_USERAGENT, options.userAgent)
    try set(CURLOPT_PROXY, options.proxy ?? "")
    try set(CURLOPT_BUFFERSIZE, 16 << 10)
    if let path = options.unixSocketPath { try set(CURLOPT_UNIX_SOCKET_PATH, path) }
    if followsRedirects {
      try set(CURLOPT_FOLLOWLOCATION, 1)
      try set(CURLOPT_MAXREDIRS, options.redirectsMax)
    }
    switch options.version {
    case .automatic:
      try set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS)
      // Waits for the first connection's negotiation rather than opening a second one.
      try set(CURLOPT_PIPEWAIT, 1)
    case .http1: try set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
    case .http2: try set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE)
    }
    try configureTimeouts(options)
    try configureTLS(options.tls)
    try configureCallbacks()
    try configureBody()
    try configureHeaders(options)
  }

  private func configureTimeouts(_ options: HTTPClient.Options) throws(HTTPClientError) {
    try set(CURLOPT_CONNECTTIMEOUT_MS, max(1, options.connectTimeout.milliseconds))
    if let total = options.totalTimeout { try set(CURLOPT_TIMEOUT_MS, max(1, total.milliseconds)) }
    if let rate = options.minimumRate {
      try set(CURLOPT_LOW_SPEED_LIMIT, max(1, rate.bytesPerSecond))
      // libcurl counts whole seconds.
      try set(CURLOPT_LOW_SPEED_TIME, max(1, (rate.over.milliseconds + 999) / 1000))
    }
  }

  private func configureTLS(_ tls: HTTPClient.TLS) throws(HTTPClientError) {
    try set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
    try set(CURLOPT_SSL_VERIFYPEER, 1)
    try set(CURLOPT_SSL_VERIFYHOST, tls.verifiesHostName ? 2 : 0)
    try setPEM(tls.authority, file: CURLOPT_CAINFO, blob: CURLOPT_CAINFO_BLOB)
    // With an own authority the system's must not be trusted beside it.
    if tls.authority != nil { try set(CURLOPT_CAPATH, nil) }
    try setPEM(tls.certificate, file: CURLOPT_SSLCERT, blob: CURLOPT_SSLCERT_BLOB)
    try setPEM(tls.key, file: CURLOPT_SSLKEY, blob: CURLOPT_SSLKEY_BLOB)
  }

  private func setPEM(_ pem: HTTPClient.PEM?, file: CURLoption, blob: CURLoption) throws(HTTPClientError) {
    switch pem {
    case nil: return
    case .file(let path): try set(file, path)
    case .text(let text):
      var text = text
      try check(text.withUTF8 { aether_curl_set_blob(easy, blob, $0.baseAddress, $0.count) }, blob)
    }
  }

  private func configureHeaders(_ options: HTTPClient.Options) throws(HTTPClientError) {
    let headers = transfer.request.headers
    // Ours would make every large upload wait for an answer that many servers never give.
    if headers["Expect"] == nil { append("Expect:") }
    if headers["Content-Type"] == nil { append("Content-Type:") }
    if let bearer = options.bearer, headers["Authorization"] == nil { append("Authorization: Bearer \(bearer)") }
    // libcurl's spelling of a header without a value ends in a semicolon.
    for field in headers { append(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)") }
    try set(CURLOPT_HTTPHEADER, headerList)
  }

  private func append(_ line: String) {
    if let list = curl_slist_append(headerList, line) { headerList = list }
  }

  private func configureBody() throws(HTTPClientError) {
    let method = transfer.request.method
    switch (transfer.request.body, method) {
    case (.none, "GET"): return try set(CURLOPT_HTTPGET, 1)
    case (_, "HEAD"): return try set(CURLOPT_NOBODY, 1)
    case (.none, "POST"), (.none, "PUT"), (.none, "PATCH"): try setBytes([])
    case (.none, _): break
    case (.bytes(let bytes), _): try setBytes(bytes)
    case (.stream(let length, _), _):
      try set(CURLOPT_UPLOAD, 1)
      if let length {
        let code = aether_curl_set_offset(easy, CURLOPT_INFILESIZE_LARGE, curl_off_t(length))
        try check(code, CURLOPT_INFILESIZE_LARGE)
      }
    }
    try set(CURLOPT_CUSTOMREQUEST, method)
  }

  private func setBytes(_ bytes: [UInt8]) throws(HTTPClientError) {
    try set(CURLOPT_POST, 1)
    let size = CURLOPT_POSTFIELDSIZE_LARGE
    try check(aether_curl_set_offset(easy, size, curl_off_t(bytes.count)), size)
    let code = bytes.withUnsafeBytes { buffer in
      // An empty array may have no address, and libcurl takes none as "ask the read callback".
      guard let address = buffer.baseAddress else { return aether_curl_set_string(easy, CURLOPT_COPYPOSTFIELDS, "") }
      return aether_curl_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: address))
    }
    try check(code, CURLOPT_COPYPOSTFIELDS)
  }

  // MARK: Callbacks

  private func configureCallbacks() throws(HTTPClientError) {
    let context = Unmanaged.passUnretained(self).toOpaque()
    try set(CURLOPT_WRITEDATA, context)
    try set(CURLOPT_HEADERDATA, context)
    try set(CURLOPT_READDATA, context)
    let onBody: aether_curl_data = { data, size, count, context in
      guard let handle = EasyHandle.from(context) else { return 0 }
      let bytes = UnsafeRawBufferPointer(start: data, count: size * count)
      return handle.transfer.didReceive(bytes) ? bytes.count : Int(CURL_WRITEFUNC_PAUSE)
    }
    let onHeader: aether_curl_data = { data, size, count, context in
      guard let handle = EasyHandle.from(context) else { return 0 }
      handle.didReceiveHeaderLine(UnsafeRawBufferPointer(start: data, count: size * count))
      return size * count
    }
    let onRead: aether_curl_data = { data, size, count, context in
      guard let handle = EasyHandle.from(context) else { return Int(CURL_READFUNC_ABORT) }
      switch handle.transfer.didAskForBody(UnsafeMutableRawBufferPointer(start: data, count: size * count)) {
      case .bytes(let count): return count
      case .pause: return Int(CURL_READFUNC_PAUSE)
      case .end: return 0
      }
    }
    try check(aether_curl_set_data(easy, CURLOPT_WRITEFUNCTION, onBody), CURLOPT_WRITEFUNCTION)
    try check(aether_curl_set_data(easy, CURLOPT_HEADERFUNCTION, onHeader), CURLOPT_HEADERFUNCTION)
    try check(aether_curl_set_data(easy, CURLOPT_READFUNCTION, onRead), CURLOPT_READFUNCTION)
  }

  private static func from(_ context: UnsafeMutableRawPointer?) -> EasyHandle? {
    context.map { Unmanaged<EasyHandle>.fromOpaque($0).takeUnretainedValue() }
  }

  private func didReceiveHeaderLine(_ line: UnsafeRawBufferPointer) {
    guard head.take(line) else { return }
    if !(followsRedirects && head.isRedirect) {
      transfer.didReceiveHead(Transfer.Head(status: head.status, headers: head.headers))
    }
  }

  // MARK: End

  func outcome(_ code: CURLcode) -> Result<Void, HTTPClientError> {
    guard code != CURLE_OK else {
      // A redirect without a usable location ends here and is the answer.
      transfer.didReceiveHead(Transfer.Head(status: head.status, headers: head.headers))
      return .success(())
    }
    let detail = String(cString: errorBuffer)
    let message = detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
    let facts = CurlFailure.Facts(
      code: code, message: message, osError: Int32(truncatingIfNeeded: aether_curl_get_long(easy, CURLINFO_OS_ERRNO)),
      isConnected: aether_curl_get_offset(easy, CURLINFO_PRETRANSFER_TIME_T) > 0,
      elapsed: .microseconds(aether_curl_get_offset(easy, CURLINFO_TOTAL_TIME_T)), hasAnswer: head.status != 0)
    return .failure(CurlFailure.error(facts, request: transfer.request, options: transfer.options))
  }
}

extension Duration {
  var milliseconds: Int { Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000) }
}
