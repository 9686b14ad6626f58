import AutomatonFiles
import Glibc
import JSON
import Model
import YAML

/// A resource as written in a file, and where.
struct Manifest {
  var file: String
  var document: YAMLDocument
  var json: JSON
  /// The file is the source of an automaton, and `json` a resource around it.
  var isSource = false
  /// The file that the source of an automaton was read from, and the name that it was sent with.
  var source: AutomatonSourceFile?
  /// The file of an app, which has to be uploaded, with what was read from it.
  var app: (path: String, bytes: [UInt8])?

  init(file: String, document: YAMLDocument) {
    self.file = file
    self.document = document
    json = document.value
  }

  var kind: String { json["kind"]?.stringValue ?? "" }
  var name: String { json["metadata"]?["name"]?.stringValue ?? "" }

  /// Reads files (YAML or JSON, several documents each), folders of `.yaml`, `.yml` and `.json` files, or `-`.
  ///
  /// - Parameter readsSources: also what manifests of automata name as the file of their source.
  static func load(_ paths: [String], readsSources: Bool = true) throws -> [Manifest] {
    var manifests: [Manifest] = []
    for path in paths {
      for file in try files(in: path) {
        guard let bytes = try File.read(file) else { continue }
        do {
          let documents = try YAML.parse(bytes).filter { !$0.value.isNull }
          for document in documents {
            var manifest = Manifest(file: file, document: document)
            let text = documents.count == 1 ? String(decoding: bytes, as: UTF8.self) : YAML.text(document.value)
            manifest.wrap(source: text)
            if readsSources { try manifest.readSource(isWhole: documents.count == 1) }
            manifests.append(manifest)
          }
        } catch let error as YAMLError { throw APIError(.invalid, "\(file):\(error)") }
      }
    }
    guard !manifests.isEmpty else {
      throw APIError(.invalid, "\(paths.joined(separator: ", ")): no resources in there")
    }
    return manifests
  }

  /// A plain document of an automaton becomes a resource of its name. Other documents stay what they are.
  private mutating func wrap(source: String) {
    let value = document.value
    guard value["kind"] == nil, value["automata"]?.objectValue != nil || value["config"]?.objectValue != nil,
      value["system"] == nil
    else { return }
    isSource = true
    let given = value["config"]?["name"]?.stringValue ?? Manifest.baseName(file)
    json = [
      "apiVersion": .string(Resource.apiVersion), "kind": "Automaton",
      "metadata": ["name": .string(Manifest.resourceName(given))],
      "spec": ["source": .string(source)],
    ]
  }

  /// `source: {file: NAME}` of an automaton becomes what the file beside the manifest holds: the daemon reads no files.
  ///
  /// - Parameter isWhole: this manifest is all of its file.
  private mutating func readSource(isWhole: Bool) throws(APIError) {
    if isSource, isWhole, file != "-", let text = json["spec"]?["source"]?.stringValue {
      let read = try AutomatonSourceFile(Array(text.utf8), file)
      source = read
      json = json.replacing(source: read.json)
    }
    guard ["Automaton", "App"].contains(kind), let given = json["spec"]?["source"]?.objectValue, given.names == ["file"]
    else { return }
    func fault(_ problem: String) -> APIError {
      Manifest.located(.invalid("spec.source.file", problem), in: [self])
    }
    guard let name = given["file"]?.stringValue, !name.isEmpty else { throw fault("is no name of a file") }
    let folder = FileAccess.folder(of: file)
    let path = name.hasPrefix("/") || file == "-" || folder.isEmpty ? name : "\(folder)/\(name)"
    if kind == "App" {
      do { app = (path, try AppUpload.read(path)) } catch { throw fault("cannot be taken: \(error.message)") }
      return
    }
    let bytes: [UInt8]
    do { bytes = try File.read(path) ?? [] } catch { throw fault("cannot be read: \(error.message)") }
    let read = try AutomatonSourceFile(bytes, path)
    source = read
    json = json.replacing(source: read.json)
  }

  /// Uploads the file of an app and names it by its digest: the daemon reads no files.
  mutating func upload(_ client: APIClient) async throws {
    guard let app else { return }
    json = json.replacing(
      source: ["artifact": .string(try await AppUpload.artifact(app.bytes, of: app.path, client))])
    self.app = nil
  }

  /// The last component of a path, without what follows its first dot.
  private static func baseName(_ path: String) -> String {
    String((path.split(separator: "/").last ?? "").prefix { $0 != "." })
  }

  /// The name of a resource nearest to `name`: other characters than letters and digits become `-`.
  static func resourceName(_ name: String) -> String {
    let plain = name.unicodeScalars.map { scalar -> Character in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9": Character(scalar)
      default: "-"
      }
    }
    let words = String(plain).split(separator: "-", omittingEmptySubsequences: true)
    return String(words.joined(separator: "-").prefix(ResourceName.componentLengthMax)).trimmingDashes
  }

  /// What `delete` means by it.
  ///
  /// - Throws: ``APIError`` `invalid` with the place in the file.
  func target(among kinds: [KindDescription]) throws(APIError) -> (kind: KindDescription, name: String) {
    func fault(_ field: String, _ problem: String) -> APIError {
      Manifest.located(.invalid(field, problem), in: [self])
    }
    guard let kind = kinds.first(where: { $0.kind == kind }) else {
      let known = kinds.map(\.kind).joined(separator: ", ")
      throw fault("kind", kind.isEmpty ? "is missing" : "is \"\(kind)\"; accepted: \(known)")
    }
    guard !name.isEmpty else { throw fault("metadata.name", "is missing") }
    return (kind, name)
  }

  private static func files(in path: String) throws(APIError) -> [String] {
    var status = stat()
    guard path != "-", stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return [path] }
    guard let folder = opendir(path) else { throw APIError(.invalid, "\(path): \(String(cString: strerror(errno)))") }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasSuffix(".yaml") || name.hasSuffix(".yml") || name.hasSuffix(".json") { names.append(name) }
    }
    return names.sorted().map { "\(path)/\($0)" }
  }

  /// An error of the daemon with the line of the file that it is about.
  static func located(_ error: APIError, in manifests: [Manifest]) -> APIError {
    guard var field = error.field else { return error }
    var manifest = manifests.count == 1 ? manifests.first : nil
    var message = error.message
    if field.hasPrefix("["), let end = field.firstIndex(of: "]"),
      let index = Int(field[field.index(after: field.startIndex)..<end]),
      manifests.indices.contains(index)
    {
      manifest = manifests[index]
      field = String(field[field.index(after: end)...].drop { $0 == "." })
      if let space = message.firstIndex(of: " ") { message = String(message[message.index(after: space)...]) }
    }
    guard let manifest else { return error }
    if manifest.isSource || manifest.source != nil, field == "spec.source" {
      // Each line of the message begins with its place in the source: its file as it was sent, if it was.
      let sent = manifest.source.map { "\($0.name):" } ?? ""
      let lines = message.split(separator: "\n").map { line -> String in
        var text = line.hasPrefix("spec.source: ") ? line.dropFirst("spec.source: ".count) : line
        if text.hasPrefix(sent) { text = text.dropFirst(sent.count) }
        return "\(manifest.source?.path ?? manifest.file):\(text)"
      }
      return APIError(error.code, lines.joined(separator: "\n"), field: field, accepted: error.accepted)
    }
    let position = manifest.document.location(of: field).position
    return APIError(error.code, "\(manifest.file):\(position): \(message)", field: field, accepted: error.accepted)
  }
}

extension JSON {
  /// A resource with another `spec.source`.
  fileprivate func replacing(source: JSON) -> JSON {
    var resource = objectValue ?? [:]
    var spec = resource["spec"]?.objectValue ?? [:]
    spec["source"] = source
    resource["spec"] = .object(spec)
    return .object(resource)
  }
}

extension String {
  fileprivate var trimmingDashes: String {
    var text = self[...]
    while text.hasSuffix("-") { text = text.dropLast() }
    return text.isEmpty ? "automaton" : String(text)
  }
}
