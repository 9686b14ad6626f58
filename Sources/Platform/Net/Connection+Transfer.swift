import CNet
import Glibc

extension Connection {
  /// Reads per readiness report, so that one fast sender cannot hold up the loop.
  private static let readsPerTurnMax = 8
  /// Bytes sent per flush, for the same reason.
  private static let sendBytesPerTurnMax = 1_048_576

  // MARK: Registration

  /// Enters the connection into the loop. A connected one is announced to its handler.
  func start() {
    do throws(NetError) {
      interest = state == .connecting ? .writable : .readable
      try loop.insert(self, descriptor: descriptor, interest: interest)
      flags.insert(.registered)
    } catch {
      tearDown(.failed(errno: EMFILE))
      return
    }
    if state == .handshaking {
      beginHandshake(timeout: options.value.handshakeTimeout)
    } else if state != .connecting {
      established()
    }
  }

  func established() {
    state = .open
    startIdleTimer()
    updateInterest()
    handler?.connected(self)
    setNeedsFlush()
  }

  /// Tells epoll what is of interest now; a system call only when that changed.
  func updateInterest() {
    guard state != .closed, state != .connecting else { return }
    var wanted: DescriptorEvents = []
    if flags.isDisjoint(with: [.readPaused, .inputEnded]) { wanted.insert(.readable) }
    if flags.contains(.waitsForWritable) { wanted.insert(.writable) }
    if flags.contains(.muted), wanted.contains(.readable) {
      flags.remove(.muted)
      interest = wanted
      loop.resumeReports(of: descriptor, interest: wanted)
    }
    guard wanted != interest, !flags.contains(.muted) else { return }
    interest = wanted
    loop.changeInterest(of: descriptor, to: wanted)
  }

  // MARK: Readiness

  func handleReadiness(_ events: DescriptorEvents) {
    switch state {
    case .connecting:
      connectFinished()
    case .handshaking:
      continueHandshake()
    case .closed:
      break
    case .lingering:
      discardInput()
    case .open:
      if events.contains(.writable) { flush() }
      if state == .open, !events.isDisjoint(with: [.readable, .hangUp, .error]) {
        if interest.contains(.readable) {
          readAvailable()
        } else if !events.isDisjoint(with: [.hangUp, .error]) {
          // Nobody reads, yet the kernel reports the end over and over: a reset, or both sides are closed.
          deadWhileNotReading(events)
        }
      }
    }
  }

  private func deadWhileNotReading(_ events: DescriptorEvents) {
    let code = cnet_socket_error(descriptor)
    if events.contains(.error) || code != 0 {
      tearDown(.failed(errno: code == 0 ? ECONNRESET : code))
    } else if flags.contains(.readPaused) && !flags.contains(.inputEnded) {
      // Unread bytes may wait in the kernel: no reports until the handler reads again.
      loop.suspendReports(of: descriptor)
      flags.insert(.muted)
    } else {
      tearDown(.closed)
    }
  }

  // MARK: Reading

  private func readAvailable() {
    // What comes after `close` is dropped; decrypting it first would be in vain.
    if let session, !flags.contains(.closing) {
      readRecords(session)
      return
    }
    let buffer = loop.readBuffer
    for _ in 0..<Connection.readsPerTurnMax {
      let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
      if count > 0 {
        lastActivity = loop.now
        if !flags.contains(.closing) {
          handler?.received(UnsafeRawBufferPointer(start: buffer.baseAddress, count: count), on: self)
        }
        guard state == .open, count == buffer.count, !flags.contains(.readPaused) else { return }
      } else if count == 0 {
        reachedEndOfInput()
        return
      } else {
        let code = errno
        if code == EAGAIN || code == EINTR { return }
        tearDown(.failed(errno: code))
        return
      }
    }
  }

  func reachedEndOfInput() {
    guard flags.insert(.inputEnded).inserted else { return }
    updateInterest()
    if flags.contains(.closing) { return }
    handler?.inputEnded(on: self)
  }

  private func discardInput() {
    let buffer = loop.readBuffer
    for _ in 0..<Connection.readsPerTurnMax {
      let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
      if count > 0 { continue }
      if count < 0 && (errno == EAGAIN || errno == EINTR) { return }
      tearDown(.closed)
      return
    }
  }

  // MARK: Sending

  var hasOutput: Bool { !output.isEmpty || !laterOutput.isEmpty }

  func flushAtEndOfTurn() {
    flags.remove(.dirty)
    if state == .open && !flags.contains(.waitsForWritable) { flush() }
  }

  enum SendOutcome {
    case sent(Int)
    case blocked
    case failed(CloseReason)
  }

  /// Sends until the output is empty, the kernel takes no more or the turn's share is used up.
  private func flush() {
    flags.insert(.flushing)
    let isUnfinished = flushShare()
    flags.remove(.flushing)
    if isUnfinished { setNeedsFlush() }
  }

  /// - Returns: whether output is left for the next turn.
  private func flushShare() -> Bool {
    var budget = Connection.sendBytesPerTurnMax
    if canBeFilled { handler?.fillOutput(of: self) }
    while state == .open {
      if !hasOutput { break }
      if budget <= 0 {
        waitForWritable(false)
        return true
      }
      switch sendSome() {
      case .sent(let count):
        budget -= count
        lastActivity = loop.now
        outputShrank()
        if !hasOutput && canBeFilled { handler?.fillOutput(of: self) }
      case .blocked:
        waitForWritable(true)
        return false
      case .failed(let reason):
        abort(reason)
        return false
      }
    }
    guard state == .open else { return false }
    waitForWritable(false)
    if flags.contains(.closing) {
      finishClosing()
    } else if flags.contains(.outputEnding), flags.insert(.outputEnded).inserted {
      if let session { cnet_tls_end_output(session) }
      Glibc.shutdown(descriptor, Int32(SHUT_WR))
    }
    return false
  }

  private var canBeFilled: Bool {
    state == .open && flags.isDisjoint(with: [.closing, .outputEnding, .outputEnded, .unwritable])
  }

  private func waitForWritable(_ waits: Bool) {
    if waits { flags.insert(.waitsForWritable) } else { flags.remove(.waitsForWritable) }
    updateInterest()
  }

  private func outputShrank() {
    guard flags.contains(.unwritable), pendingOutputBytes <= options.value.lowWaterBytes else { return }
    flags.remove(.unwritable)
    if !flags.contains(.closing) { handler?.writabilityChanged(true, on: self) }
  }

  private func sendSome() -> SendOutcome {
    if output.isEmpty {
      guard let next = laterOutput.first else { return .sent(0) }
      switch next {
      case .bytes(let queue):
        laterOutput.removeFirst()
        output = queue
      case .file(let file, let offset, let remaining):
        guard session != nil else { return sendFilePart(file, offset, remaining) }
        if let reason = loadFilePart(file, offset, remaining) { return .failed(reason) }
      }
    }
    let bytes = output.readable
    if let session {
      let outcome = sendRecords(session, bytes)
      if case .sent(let count) = outcome { output.consume(count, pool: &loop.outputPool) }
      return outcome
    }
    let count = send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
    if count < 0 { return failure(errno) }
    output.consume(count, pool: &loop.outputPool)
    return .sent(count)
  }

  private func sendFilePart(_ file: OpenFile, _ offset: Int64, _ remaining: Int64) -> SendOutcome {
    var position = off_t(offset)
    let share = min(remaining, Int64(Connection.sendBytesPerTurnMax))
    let count = sendfile(descriptor, file.descriptor, &position, Int(share))
    if count < 0 { return failure(errno) }
    if count == 0 { return .failed(.fileTruncated) }
    fileAdvanced(file, offset + Int64(count), remaining - Int64(count))
    return .sent(count)
  }

  func fileAdvanced(_ file: OpenFile, _ offset: Int64, _ remaining: Int64) {
    if remaining == 0 {
      laterOutput.removeFirst()
    } else {
      laterOutput[0] = .file(file, offset: offset, remaining: remaining)
    }
  }

  private func failure(_ code: Int32) -> SendOutcome {
    code == EAGAIN || code == EINTR ? .blocked : .failed(.failed(errno: code))
  }

  // MARK: Closing

  /// All output was taken by the kernel: end our side, then wait for the peer's end before the descriptor goes.
  private func finishClosing() {
    if let session { cnet_tls_end_output(session) }
    freeSession()
    if flags.contains(.inputEnded) { tearDown(.closed) } else { beginLingering(.closed) }
  }

  /// Ends our side and drops what the peer still sends, until it ends its side too or the time is over.
  func beginLingering(_ reason: CloseReason) {
    Glibc.shutdown(descriptor, Int32(SHUT_WR))
    state = .lingering
    flags.subtract([.readPaused, .waitsForWritable, .inputEnded])
    startTimer(options.value.lingerTimeout) { $0.tearDown(.closed) }
    updateInterest()
    dropHandler(reason)
  }
}
