import CNet
import COpenSSL
import Glibc

extension Connection {
  /// Records (of up to 16 kB) read per readiness report.
  private static let recordsPerTurnMax = 32
  /// Bytes of a file read at once to be sent over TLS.
  private static let fileChunkBytes = 65_536

  // MARK: What TLS found out

  public var isTLS: Bool { session != nil }

  /// The protocol both sides agreed on; nil without TLS or without one.
  public var negotiatedALPN: String? {
    guard let session else { return nil }
    var name: UnsafePointer<UInt8>?
    var length: UInt32 = 0
    SSL_get0_alpn_selected(session, &name, &length)
    guard let name, length > 0 else { return nil }
    return String(decoding: UnsafeBufferPointer(start: name, count: Int(length)), as: UTF8.self)
  }

  /// The peer's verified certificate; parsed anew by each call. Nil without TLS or when the peer showed none.
  public var peerCertificate: PeerCertificate? { session.flatMap { PeerCertificate(session: $0) } }

  /// Such as `TLSv1.3`; nil without TLS.
  public var tlsVersion: String? { session.map { String(cString: SSL_get_version($0)) } }

  // MARK: Handshake

  /// Prepares TLS on a connected descriptor; the handshake starts with `start`.
  func prepareTLS(_ context: TLSContext, expecting peer: TLSPeerName?) -> TLSError? {
    guard let fresh = context.makeSession(descriptor) else { return .configuration(TLSContext.takeReason()) }
    session = fresh
    expectedPeer = peer
    guard case .host(let name)? = peer else { return nil }
    let isLiteral = SocketAddress(literal: name, port: 0) != nil
    let status = isLiteral ? cnet_tls_expect_ip(fresh, name) : cnet_tls_expect_host(fresh, name)
    return status == 1 ? nil : .configuration("host name '\(name)' is unusable")
  }

  /// `timeout` bounds the handshake; nil when a timer of the caller does.
  func beginHandshake(timeout: Duration?) {
    state = .handshaking
    if let timeout { startTimer(timeout) { $0.abort(.tls(.handshakeTimeout)) } }
    continueHandshake()
  }

  func continueHandshake() {
    guard let session, state == .handshaking else { return }
    let outcome = cnet_tls_handshake(session)
    switch outcome {
    case _ where outcome > 0:
      flags.remove(.waitsForWritable)
      if let wrong = wrongPeer(session) {
        cnet_tls_end_output(session)
        lingerAfterFailure(.tls(wrong))
        return
      }
      established()
      if state == .open, !flags.contains(.readPaused) { handleReadiness(.readable) }
    case cnet_tls_want_read.rawOutcome:
      flags.remove(.waitsForWritable)
      updateInterest()
    case cnet_tls_want_write.rawOutcome:
      flags.insert(.waitsForWritable)
      updateInterest()
    default:
      failTLS(outcome, session)
    }
  }

  private func wrongPeer(_ session: OpaquePointer) -> TLSError? {
    guard let expectedPeer else { return nil }
    self.expectedPeer = nil
    switch expectedPeer {
    case .host, .anyTrusted: return nil
    case .spiffeID, .trustDomain:
      guard let certificate = PeerCertificate(session: session) else {
        return .wrongPeer(expected: expectedPeer, found: [])
      }
      return certificate.matches(expectedPeer) ? nil : .wrongPeer(expected: expectedPeer, found: certificate.uris)
    }
  }

  // MARK: Failure

  private func failTLS(_ outcome: Int32, _ session: OpaquePointer) {
    switch outcome {
    case cnet_tls_socket.rawOutcome: tearDown(.failed(errno: errno))
    case cnet_tls_truncated.rawOutcome, cnet_tls_end.rawOutcome: tearDown(.tls(.truncated))
    default:
      let verification = String(cString: cnet_tls_verify_text(session))
      let reason = TLSContext.takeReason()
      lingerAfterFailure(.tls(.refused(verification.isEmpty ? reason : "\(reason): \(verification)")))
    }
  }

  /// OpenSSL has sent its alert. Closing now, with bytes of the peer unread, would reset the connection and take the
  /// alert with it: the peer would see a lost connection instead of a refusal. So only our side ends, and what the
  /// peer still sends is read and dropped for a while.
  private func lingerAfterFailure(_ reason: CloseReason) {
    freeSession()
    beginLingering(reason)
  }

  func freeSession() {
    guard let session else { return }
    SSL_free(session)
    ERR_clear_error()
    self.session = nil
  }

  // MARK: Transfer

  func readRecords(_ session: OpaquePointer) {
    let buffer = loop.readBuffer
    for _ in 0..<Connection.recordsPerTurnMax {
      let outcome = cnet_tls_read(session, buffer.baseAddress, Int32(buffer.count))
      guard outcome > 0 else {
        readStopped(outcome, session)
        return
      }
      lastActivity = loop.now
      handler?.received(UnsafeRawBufferPointer(start: buffer.baseAddress, count: Int(outcome)), on: self)
      guard state == .open, self.session != nil, flags.isDisjoint(with: [.readPaused, .closing]) else { return }
      // Level-triggered: what the kernel holds is reported again, only what OpenSSL holds is not.
      if SSL_has_pending(session) == 0 { return }
    }
    loop.readAgain(self)
  }

  private func readStopped(_ outcome: Int32, _ session: OpaquePointer) {
    switch outcome {
    case cnet_tls_want_read.rawOutcome: break
    case cnet_tls_want_write.rawOutcome: setNeedsFlush()
    case cnet_tls_end.rawOutcome: reachedEndOfInput()
    default: failTLS(outcome, session)
    }
  }

  /// Bytes that OpenSSL took from the kernel already are reported by nobody.
  func readAgainIfPending() {
    if let session, state == .open, SSL_has_pending(session) != 0 { loop.readAgain(self) }
  }

  func sendRecords(_ session: OpaquePointer, _ bytes: UnsafeRawBufferPointer) -> SendOutcome {
    let outcome = cnet_tls_write(session, bytes.baseAddress, Int32(clamping: bytes.count))
    switch outcome {
    case _ where outcome > 0: return .sent(Int(outcome))
    case cnet_tls_want_read.rawOutcome, cnet_tls_want_write.rawOutcome: return .blocked
    case cnet_tls_socket.rawOutcome: return .failed(.failed(errno: errno))
    default: return .failed(.tls(.refused(TLSContext.takeReason())))
    }
  }

  /// Moves the next part of the file at the front into the (empty) output buffer.
  func loadFilePart(_ file: OpenFile, _ offset: Int64, _ remaining: Int64) -> CloseReason? {
    let size = Int(min(remaining, Int64(Connection.fileChunkBytes)))
    let target = output.reserve(size, pool: &loop.outputPool)
    let count = pread(file.descriptor, target, size, off_t(offset))
    let code = errno
    output.commit(max(0, count), at: target, pool: &loop.outputPool)
    if count < 0 { return .failed(errno: code) }
    if count == 0 { return .fileTruncated }
    fileAdvanced(file, offset + Int64(count), remaining - Int64(count))
    return nil
  }
}

extension cnet_tls_outcome {
  /// As the C functions return it.
  fileprivate var rawOutcome: Int32 { Int32(truncatingIfNeeded: rawValue) }
}
