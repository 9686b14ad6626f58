import CWasmtime

/// The types that functions take and give here. Vectors and references do not cross the boundary.
public enum ValueType: UInt8, Sendable, Hashable, CaseIterable, CustomStringConvertible {
  case i32, i64, f32, f64

  public var description: String {
    switch self {
    case .i32: "i32"
    case .i64: "i64"
    case .f32: "f32"
    case .f64: "f64"
    }
  }
}

/// The type of a function: any number of parameters, at most one result.
public struct Signature: Sendable, Hashable, CustomStringConvertible {
  public var parameters: [ValueType]
  public var result: ValueType?

  public init(_ parameters: [ValueType] = [], _ result: ValueType? = nil) {
    self.parameters = parameters
    self.result = result
  }

  public var description: String {
    "(\(parameters.map(\.description).joined(separator: ", "))) -> \(result?.description ?? "nothing")"
  }

  /// The types as one number, to compare them in one step; `nil` for more than 15 parameters.
  var code: UInt64? {
    guard parameters.count <= SignatureCode.parametersMax else { return nil }
    return SignatureCode(parameters).finish(result)
  }
}

/// Four bits per parameter and four for the result.
@usableFromInline struct SignatureCode {
  @usableFromInline static let parametersMax = 15
  @usableFromInline var bits: UInt64 = 1

  @inlinable @inline(__always) init() {}
  @inlinable init(_ types: [ValueType]) { for type in types { append(type) } }
  @inlinable @inline(__always) mutating func append(_ type: ValueType) { bits = bits << 4 | UInt64(type.rawValue) + 1 }
  @inlinable @inline(__always) func finish(_ result: ValueType?) -> UInt64 {
    bits << 4 | (result.map { UInt64($0.rawValue) + 1 } ?? 0)
  }
}

/// A value with its type.
public enum Value: Sendable, Hashable {
  case i32(Int32)
  case i64(Int64)
  case f32(Float)
  case f64(Double)

  public var type: ValueType {
    switch self {
    case .i32: .i32
    case .i64: .i64
    case .f32: .f32
    case .f64: .f64
    }
  }
}

/// What a function may give: a value, or nothing.
public protocol GuestResult: Sendable {
  static var resultType: ValueType? { get }
  /// From the slot that a call left its result in.
  init(slot: UnsafeMutableRawPointer)
  /// Into the slot that a result is expected in.
  func put(into slot: UnsafeMutableRawPointer)
}

/// A Swift type that is one of WebAssembly's.
public protocol GuestValue: GuestResult {
  static var type: ValueType { get }
}

extension GuestValue {
  @inlinable @inline(__always) public static var resultType: ValueType? { type }
  @inlinable @inline(__always) public init(slot: UnsafeMutableRawPointer) { self = slot.load(as: Self.self) }
  @inlinable @inline(__always)
  public func put(into slot: UnsafeMutableRawPointer) { slot.storeBytes(of: self, as: Self.self) }
}

extension Int32: GuestValue { @inlinable @inline(__always) public static var type: ValueType { .i32 } }
extension UInt32: GuestValue { @inlinable @inline(__always) public static var type: ValueType { .i32 } }
extension Int64: GuestValue { @inlinable @inline(__always) public static var type: ValueType { .i64 } }
extension UInt64: GuestValue { @inlinable @inline(__always) public static var type: ValueType { .i64 } }
extension Float: GuestValue { @inlinable @inline(__always) public static var type: ValueType { .f32 } }
extension Double: GuestValue { @inlinable @inline(__always) public static var type: ValueType { .f64 } }

/// The result of a function that gives nothing.
public struct Nothing: GuestResult {
  @inlinable @inline(__always) public init() {}
  @inlinable @inline(__always) public init(slot: UnsafeMutableRawPointer) {}
  @inlinable @inline(__always) public static var resultType: ValueType? { nil }
  @inlinable @inline(__always) public func put(into slot: UnsafeMutableRawPointer) {}
}

/// Slots of 16 bytes pass arguments and results without being checked one by one.
let slotStride = MemoryLayout<wasmtime_val_raw_t>.stride
