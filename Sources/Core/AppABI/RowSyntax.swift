import AppFormat

/// Short forms for rows of the table.
///
/// Parameters are written in one text, separated by spaces: `x` is a signed number of 32 bits, `size:u` an unsigned one,
/// `when:l` one of 64 bits, `name$` a text, `data[]` bytes with their length, `into[]=` a buffer with its length that the host
/// writes, `key[32]` and `digest[32]=` the same with a length that is known, `out[~]=` as many bytes as the ones before,
/// `ring[]&` memory that is shared.
struct Row {
  var module = "env"
  var family: NativeFamily
  var capabilities: CapabilitySet = []
  var rate: RateClass?
  var support = NativeSupport.implemented

  func callAsFunction(
    _ name: String, _ parameters: String, gives result: NativeResult = .int32, needs: CapabilitySet? = nil,
    rate: RateClass? = nil, support: NativeSupport? = nil, lengths: [String: LengthLimit] = [:],
    limitedResult: Int32? = nil, _ summary: String
  ) -> NativeFunction {
    let parameters = parameters.split(separator: " ").map { text in
      var parameter = NativeParameter(row: text)
      parameter.lengths = lengths[parameter.name]
      return parameter
    }
    precondition(parameters.count { $0.lengths != nil } == lengths.count, "a length of no parameter of \(name)")
    return NativeFunction(
      module: module, name: name, parameters: parameters, result: result, capabilities: needs ?? capabilities,
      rate: rate ?? self.rate, family: family, support: support ?? self.support, limitedResult: limitedResult,
      summary: summary)
  }
}

extension NativeParameter {
  init(row: Substring) {
    let text = Array(row.utf8)
    let end = text.firstIndex { !Self.isNameByte($0) } ?? text.count
    let name = String(decoding: text[..<end], as: UTF8.self)
    let suffix = String(decoding: text[end...], as: UTF8.self)
    switch suffix {
    case "": self.init(name: name, kind: .int32)
    case ":u": self.init(name: name, kind: .uint32)
    case ":l": self.init(name: name, kind: .int64)
    case "$": self.init(name: name, kind: .text)
    case "[]": self.init(name: name, kind: .bytes)
    case "[]=": self.init(name: name, kind: .buffer)
    case "[~]=": self.init(name: name, kind: .outputLike)
    case "[]&": self.init(name: name, kind: .shared)
    default:
      let isWritten = suffix.utf8.last == UInt8(ascii: "=")
      guard suffix.utf8.first == UInt8(ascii: "["),
        let count = Int32(suffix.dropFirst().dropLast(isWritten ? 2 : 1))
      else { preconditionFailure("not a parameter of a row: \(row)") }
      self.init(name: name, kind: isWritten ? .output(count) : .input(count))
    }
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
  }
}
