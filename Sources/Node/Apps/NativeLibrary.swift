import AppABI
import AppFormat
import Wasmtime

/// What the host does for each function of the table. The checks that the table asks for come before it: capability, rate,
/// addresses and lengths.
struct NativeLibrary: Sendable {
  typealias Body = @Sendable (borrowing NativeCall) throws(NativeError) -> Int32
  typealias LongBody = @Sendable (borrowing NativeCall) throws(NativeError) -> Int64

  static let textBytesMax = NativeTable.textBytesMax

  private(set) var bodies: [String: Body] = [:]
  private(set) var longBodies: [String: LongBody] = [:]

  /// With every family.
  init() {
    addBLE()
    addBasics()
    addBuses()
    addCLibrary()
    addCPrinting()
    addControl()
    addCrypto()
    addDisplay()
    addFiles()
    addHID()
    addHostUpdate()
    addInput()
    addMQTT()
    addMessages()
    addNetwork()
    addPins()
    addPower()
    addSettings()
    addWASI()
  }

  /// Says what a function of the table does. Rows that share a name share this; ``HostCall/argumentCount`` tells them apart.
  mutating func define(_ name: String, module: String = "env", _ body: @escaping Body) {
    let key = "\(module).\(name)"
    precondition(bodies[key] == nil && longBodies[key] == nil, "\(key) is defined twice")
    bodies[key] = body
  }

  /// The same for a function that gives 64 bits.
  mutating func defineLong(_ name: String, module: String = "env", _ body: @escaping LongBody) {
    let key = "\(module).\(name)"
    precondition(bodies[key] == nil && longBodies[key] == nil, "\(key) is defined twice")
    longBodies[key] = body
  }

  /// Everything that modules can import.
  func linker() throws(WasmtimeError) -> Linker<AppHost> {
    var linker = Linker<AppHost>()
    linker.missing = { module, name, signature in
      let support = NativeTable.support(ofUnlisted: module, name)
      return { (call) throws(HostTrap) in
        guard let errno = support?.errno, signature.result == .i32 || signature.result == nil else {
          throw HostTrap("\(module).\(name) \(signature) is not offered by this host")
        }
        return signature.result.map { _ in .i32(-errno) }
      }
    }
    for row in NativeTable.functions + NativeTable.wasi {
      let types = row.types.map { $0 == .i64 ? ValueType.i64 : .i32 }
      let key = "\(row.module).\(row.name)"
      let entry = Entry(row)
      if let body = longBodies[key] {
        try linker.define(row.module, row.name, Signature(types, .i64)) {
          (call) throws(HostTrap) in .i64(try entry.run(call, body) ?? 0)
        }
        continue
      }
      let body = bodies[key] ?? entry.unsupported
      // The reference's run-time compares numbers of bits, not whether a result is taken; modules of both kinds exist.
      // Those of WASI are as their compilers declare them.
      let isExact = row.family == .wasi
      if !isExact || row.result == .nothing {
        try linker.define(row.module, row.name, Signature(types, nil)) { (call) throws(HostTrap) in
          _ = try entry.run(call, body)
          return nil
        }
      }
      if isExact, row.result == .nothing { continue }
      let signature = Signature(types, .i32)
      guard entry.needsCapabilityOnly else {
        try linker.define(
          row.module, row.name, signature, answering: { frame in entry.answer(frame.call(of: AppHost.self), body) })
        continue
      }
      // The shortest way, written here so that it is one piece of code up to the body.
      let (mask, free) = (entry.mask, entry.needsNothing ? UInt64.max : 0)
      try linker.define(
        row.module, row.name, signature,
        answering: { frame in
          let call = frame.call(of: AppHost.self)
          guard (call.permissions | free) & mask != 0 else { return entry.deny(call) }
          do throws(NativeError) { return call.answer(try body(call)) } catch { return entry.fail(call, error) }
        })
    }
    return linker
  }
}

/// A row as a call needs it.
struct Entry: Sendable {
  let row: NativeFunction
  let mask: UInt64
  let needsNothing: Bool
  let checks: [Check]
  let refusesWith: Int32
  /// For bytes at the address 0; `nil`: they are read there, as programs of WASI may have something at that address.
  private let nullError: NativeError?

  /// A range of the guest's memory that arguments name.
  struct Check: Sendable {
    enum Length: Sendable {
      case zeroByte
      case fixed(UInt32)
      case argument(Int)
    }
    var address: Int
    var length: Length
    /// Of the length in an argument.
    var limit: LengthLimit?
  }

  init(_ row: NativeFunction) {
    self.row = row
    needsNothing = row.capabilities.isEmpty
    mask = needsNothing ? .max : row.capabilities.mask
    refusesWith = row.support.errno
    // As the reference has it: a message at the address 0 is a bad pointer, elsewhere an argument that is none.
    nullError = row.family == .wasi ? nil : row.family == .ipc ? .fault : .invalid
    var checks: [Check] = []
    var index = 0
    for parameter in row.parameters {
      switch parameter.kind {
      case .int32, .uint32, .int64: break
      case .text: checks.append(Check(address: index, length: .zeroByte))
      case .bytes, .buffer, .shared:
        checks.append(Check(address: index, length: .argument(index + 1), limit: parameter.lengths))
      case .input(let count), .output(let count): checks.append(Check(address: index, length: .fixed(UInt32(count))))
      case .outputLike: checks.append(Check(address: index, length: .argument(index - 1)))
      }
      index += parameter.kind.types.count
    }
    self.checks = checks
  }

  /// Neither a token nor memory of the guest.
  var needsCapabilityOnly: Bool { checks.isEmpty && row.rate == nil }

  /// What functions without a body of their own do.
  var unsupported: NativeLibrary.Body {
    let errno = refusesWith
    return { (_) throws(NativeError) in throw .errno(errno) }
  }

  func answer(_ call: borrowing NativeCall, _ body: NativeLibrary.Body) -> HostOutcome {
    do throws(HostTrap) { return call.answer(try run(call, body) ?? 0) } catch { return call.fail(error) }
  }

  @inline(never) func deny(_ call: borrowing NativeCall) -> HostOutcome { call.answer(refuse(call, .notPermitted)) }

  @inline(never) func fail(_ call: borrowing NativeCall, _ error: NativeError) -> HostOutcome {
    do throws(HostTrap) { return call.answer(try settle(call, error)) } catch { return call.fail(error) }
  }

  /// Checks, then calls.
  func run<Answer: FixedWidthInteger & Sendable>(
    _ call: borrowing NativeCall, _ body: (borrowing NativeCall) throws(NativeError) -> Answer
  ) throws(HostTrap) -> Answer? {
    do throws(NativeError) {
      if call.permissions & mask == 0, !needsNothing { throw .notPermitted }
      if let rate = row.rate, try !call.takesTurn(rate) {
        if let limited = row.limitedResult { return Answer(truncatingIfNeeded: limited) }
        throw .tryAgain
      }
      for check in checks {
        if let limit = check.limit, !limit.range.contains(call.uint(check.address + 1)) { throw .errno(limit.errno) }
      }
      for check in checks { try verify(check, call) }
      return try body(call)
    } catch {
      return Answer(truncatingIfNeeded: try settle(call, error))
    }
  }

  private func verify(_ check: Check, _ call: borrowing NativeCall) throws(NativeError) {
    let address = call.uint(check.address)
    switch check.length {
    case .zeroByte:
      if address != 0 { try call.checkText(check.address) }
    case .fixed(let count):
      if address == 0, nullError != nil { throw .invalid }
      try call.withBytes(at: address, count: count) { _ in }
    case .argument(let index):
      let count = call.uint(index)
      if address == 0, count > 0, let nullError { throw nullError }
      try call.withBytes(at: address, count: count) { _ in }
    }
  }

  private func refuse(_ call: borrowing NativeCall, _ error: NativeError) -> Int32 {
    guard case .errno(let number) = error else { return row.refusal(5) }
    call.host.refused(row, number)
    return row.refusal(number)
  }

  private func settle(_ call: borrowing NativeCall, _ error: NativeError) throws(HostTrap) -> Int32 {
    switch error {
    case .end(let trap): throw trap
    case .errno: return refuse(call, error)
    }
  }
}
