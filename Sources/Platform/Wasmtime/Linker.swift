import CWasmtime

/// The functions that a host offers to modules. A value: collect them once, then link modules against it from any thread.
///
/// Types are checked when a module is linked. After that a call passes its arguments without being checked.
public struct Linker<Host: AnyObject>: Sendable {
  /// What a function does that a module imports and that is not offered, or not with these types. Without it such a module is
  /// refused when it is linked; with it only a call tells. The closure gives the body for module, name and types; what the body
  /// gives is of the signature's type, or the guest ends.
  public var missing:
    (
      @Sendable (String, String, Signature) -> @Sendable (borrowing HostCall<Host>) throws(HostTrap) -> Value?
    )?
  private var functions: [FunctionName: [HostFunction]] = [:]

  public init() {}

  /// Offers a function. The types come from the closure; `Nothing` is the result of one that gives nothing.
  ///
  /// One name may be offered with several signatures: a module gets the one that it imports.
  @inlinable @inline(__always)
  public mutating func define<each Parameter: GuestValue, Answer: GuestResult>(
    _ module: String, _ name: String,
    _ body: @escaping @Sendable (borrowing HostCall<Host>, repeat each Parameter) throws(HostTrap) -> Answer
  ) throws(WasmtimeError) {
    var parameters: [ValueType] = []
    repeat parameters.append((each Parameter).type)
    try add(module, name, Signature(parameters, Answer.resultType)) { frame in
      do throws(HostTrap) {
        var cursor = frame.slots
        let answer = try body(HostCall<Host>(frame), repeat HostFrame.next((each Parameter).self, &cursor))
        answer.put(into: frame.slots)
        return .done
      } catch {
        return frame.fail(error)
      }
    }
  }

  /// Offers a function whose types come from a table. The body reads its arguments from the call and gives a value of the
  /// signature's type; another type of value ends the guest.
  public mutating func define(
    _ module: String, _ name: String, _ signature: Signature,
    _ body: @escaping @Sendable (borrowing HostCall<Host>) throws(HostTrap) -> Value?
  ) throws(WasmtimeError) {
    try add(module, name, signature, Self.checked(module, name, signature, body))
  }

  private static func checked(
    _ module: String, _ name: String, _ signature: Signature,
    _ body: @escaping @Sendable (borrowing HostCall<Host>) throws(HostTrap) -> Value?
  ) -> @Sendable (HostFrame) -> HostOutcome {
    { frame in
      do throws(HostTrap) {
        let answer = try body(frame.call(of: Host.self))
        guard answer?.type == signature.result else {
          throw HostTrap("\(module).\(name) gave another type than \(signature) says")
        }
        answer?.put(into: frame.slots)
        return .done
      } catch {
        return frame.fail(error)
      }
    }
  }

  /// The fastest form, for functions that are called millions of times a second: the body makes the call of the frame, reads
  /// its arguments from it and gives the result with ``HostCall/answer(_:)``. It throws nothing, which would take registers to be saved.
  @inlinable @inline(__always)
  public mutating func define(
    _ module: String, _ name: String, _ signature: Signature,
    answering body: @escaping @Sendable (HostFrame) -> HostOutcome
  ) throws(WasmtimeError) {
    precondition(signature.result != nil, "an answer has no slot where the signature has no result")
    try add(module, name, signature, body)
  }

  @usableFromInline mutating func add(
    _ module: String, _ name: String, _ signature: Signature,
    _ body: @escaping @Sendable (HostFrame) -> HostOutcome
  ) throws(WasmtimeError) {
    let key = FunctionName(module: module, name: name)
    if functions[key]?.contains(where: { $0.signature == signature }) == true {
      throw .duplicateFunction(module: module, name: name)
    }
    functions[key, default: []].append(HostFunction(module, name, signature, body))
  }

  /// Finds everything that the module imports; the instances made of it see nothing else of the host.
  public func link(_ module: Module) throws(WasmtimeError) -> LinkedModule<Host> {
    var imports: [LinkedImport] = []
    var absent: [Module.Import] = []
    for item in module.imports {
      let candidates = functions[FunctionName(module: item.module, name: item.name)] ?? []
      guard
        let function = candidates.first(where: { item.type == .function($0.signature) }) ?? stand(in: item, &absent)
      else {
        if candidates.isEmpty { throw .missingImport(module: item.module, name: item.name) }
        throw .importMismatch(
          module: item.module, name: item.name, wanted: item.type.description,
          offered: candidates.map(\.signature.description).joined(separator: " or "))
      }
      imports.append(try LinkedImport(function))
    }
    return LinkedModule(module: module, imports: imports, absent: absent)
  }

  /// A function in place of one that is not offered.
  private func stand(in item: Module.Import, _ absent: inout [Module.Import]) -> HostFunction? {
    guard let missing, case .function(let signature) = item.type else { return nil }
    absent.append(item)
    let body = Self.checked(item.module, item.name, signature, missing(item.module, item.name, signature))
    return HostFunction(item.module, item.name, signature, body)
  }
}

struct FunctionName: Hashable, Sendable {
  var module: String
  var name: String
}

extension ExternType: CustomStringConvertible {
  public var description: String {
    switch self {
    case .function(let signature): signature.description
    case .otherFunction: "function with vectors, references or several results"
    case .memory: "memory"
    case .table: "table"
    case .global: "global"
    case .tag: "tag"
    }
  }
}

extension Value {
  func put(into slot: UnsafeMutableRawPointer) {
    switch self {
    case .i32(let value): value.put(into: slot)
    case .i64(let value): value.put(into: slot)
    case .f32(let value): value.put(into: slot)
    case .f64(let value): value.put(into: slot)
    }
  }

  init(_ type: ValueType, slot: UnsafeMutableRawPointer) {
    switch type {
    case .i32: self = .i32(Int32(slot: slot))
    case .i64: self = .i64(Int64(slot: slot))
    case .f32: self = .f32(Float(slot: slot))
    case .f64: self = .f64(Double(slot: slot))
    }
  }
}
