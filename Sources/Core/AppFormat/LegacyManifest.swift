import JSON

/// The manifest of the reference's first line: `manifest.akapp`, in TOML with the tables `app`, `capabilities`, `resources` and
/// `signature`.
public struct LegacyManifest: Sendable, Equatable {
  /// The same as a manifest of today. What has no place there is left out: licence, icon, quotas of storage and processor.
  public let json: JSONObject
  /// Algorithm, as written; `nil` when the file has no signature. Those are not checked: today's are over packages.
  public let signatureAlgorithm: String?

  public init(_ bytes: [UInt8]) throws(AppFormatError) {
    guard bytes.count <= AppManifest.bytesMax else {
      throw .manifestTooLarge(bytes: bytes.count, bytesMax: AppManifest.bytesMax)
    }
    guard String(validating: bytes, as: UTF8.self) != nil else { throw .invalidText(offset: 0) }
    var reader = TOMLReader(bytes)
    let entries = try reader.entries()
    signatureAlgorithm = entries.first { $0.path == "signature.algorithm" }?.value.stringValue
    json = try Self.translate(entries)
    // The same rules as for a manifest of today; a wrong field is named.
    _ = try AppManifest(json: JSON.object(json).bytes())
  }

  private static func translate(_ entries: [TOMLReader.Entry]) throws(AppFormatError) -> JSONObject {
    // What a file leaves out is as the reference says for this form, which is not what today's manifests mean by it.
    var json: JSONObject = ["restart": ["enabled": true], "heap_kb": 128, "stack_kb": 64]
    var capabilities: [JSON] = []
    for entry in entries {
      let parts = entry.path.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2 else { continue }
      switch (parts[0], parts[1]) {
      case ("app", "name"), ("app", "version"), ("app", "author"), ("app", "description"):
        guard case .string = entry.value else { throw .manifestLine(entry.line, "\(parts[1]) is a text") }
        json[parts[1]] = entry.value
      case ("app", "auto_start"):
        json["autostart"] = .bool(try entry.bool())
      case ("app", "auto_restart"):
        json["restart"] = ["enabled": .bool(try entry.bool())]
      case ("app", "priority"):
        // 0 to 10 there, 1 to 10 here.
        json["priority"] = .integer(max(1, try entry.integer(0...10)))
      case ("resources", "heap_kb"), ("resources", "stack_kb"):
        json[parts[1]] = .integer(try entry.integer(0...65536))
      case ("capabilities", let name):
        if try entry.bool() { capabilities.append(.string(name)) }
      default: continue
      }
    }
    json["capabilities"] = .array(capabilities)
    return json
  }
}

extension TOMLReader.Entry {
  fileprivate func bool() throws(AppFormatError) -> Bool {
    guard let bool = value.boolValue else { throw .manifestLine(line, "\(path) is true or false") }
    return bool
  }

  fileprivate func integer(_ range: ClosedRange<Int64>) throws(AppFormatError) -> Int64 {
    guard let number = value.integerValue, range.contains(number) else {
      throw .manifestLine(line, "\(path) is a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }
}
