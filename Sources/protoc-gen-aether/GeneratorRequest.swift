import Protobuf

/// What cannot be generated, in words for the person who wrote the schema.
struct GeneratorError: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) { self.description = description }
}

/// `google.protobuf.compiler.CodeGeneratorRequest` (plugin.proto).
struct GeneratorRequest {
  struct File {
    var descriptor: FileDescriptor
    /// The file descriptor as it came, without comments and positions.
    var bytes: [UInt8]
  }

  var filesToGenerate: [String] = []
  var parameters = Parameters()
  /// Every file that those to generate import, in an order where imports come first.
  var files: [File] = []

  init(serialized bytes: [UInt8]) throws(GeneratorError) {
    do throws(ProtobufError) {
      try bytes.read { tag, reader throws(ProtobufError) in
        switch tag {
        case 10: filesToGenerate.append(try reader.string())
        case 18: parameters = Parameters(try reader.string())
        case 122:
          let bytes = try reader.bytes()
          files.append(File(descriptor: try FileDescriptor(serialized: bytes), bytes: try bytes.withoutField(9)))
        default: return false
        }
        return true
      }
    } catch {
      throw GeneratorError("the request of protoc cannot be read: \(error)")
    }
    if let unknown = parameters.unknown {
      throw GeneratorError("unknown parameter \"\(unknown)\"; known: access, services, module, map:FILE")
    }
  }
}

struct Parameters {
  var access = "public"
  var services = true
  var module = ""
  var modules: [String: String] = [:]
  var unknown: String?

  init() {}

  init(_ text: String) {
    for parameter in text.split(separator: ",") {
      let parts = parameter.split(separator: "=", maxSplits: 1).map(String.init)
      switch (parts.first ?? "", parts.count > 1 ? parts[1] : "") {
      case ("access", "public"): access = "public"
      case ("access", "internal"): access = "internal"
      case ("services", "true"): services = true
      case ("services", "false"): services = false
      case ("module", let name): module = name
      case (let key, let name) where key.hasPrefix("map:") && !name.isEmpty: modules[String(key.dropFirst(4))] = name
      default: unknown = String(parameter)
      }
    }
  }
}

/// `google.protobuf.compiler.CodeGeneratorResponse`.
struct GeneratorResponse {
  struct File {
    var name: String
    var content: String
  }

  /// FEATURE_PROTO3_OPTIONAL.
  static let supportedFeatures: UInt64 = 1

  var error: String?
  var files: [File] = []

  func serialized() -> [UInt8] {
    WireWriter.bytes { writer in
      for file in files.reversed() {
        let before = writer.count
        writer.field(122, StringField.self, file.content)
        writer.field(10, StringField.self, file.name)
        writer.varint(UInt64(writer.count - before))
        writer.varint(122)
      }
      writer.field(16, UInt64Field.self, Self.supportedFeatures)
      writer.optional(10, StringField.self, error)
    }
  }
}

extension [UInt8] {
  /// Reads field by field; `take` says whether it read the field's value.
  fileprivate func read(
    _ take: (UInt32, inout WireReader) throws(ProtobufError) -> Bool
  ) throws(ProtobufError) {
    var failure: ProtobufError?
    withUnsafeBytes { buffer in
      do throws(ProtobufError) {
        try WireReader.read(buffer, limits: ProtobufLimits()) { reader throws(ProtobufError) in
          while true {
            let tag = try reader.tag()
            if tag == 0 { return }
            if try !take(tag, &reader) {
              var passedOver = UnknownFields()
              try reader.unknown(tag, into: &passedOver)
            }
          }
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  /// The same message without one of its fields.
  fileprivate func withoutField(_ number: UInt32) throws(ProtobufError) -> [UInt8] {
    var kept = UnknownFields()
    try read { tag, reader throws(ProtobufError) in
      if tag >> 3 == number { return false }
      try reader.unknown(tag, into: &kept)
      return true
    }
    return kept.bytes
  }
}
