import Automata
import AutomatonFiles
import Bytes
import JSON
import Model

/// The file of an automaton as it is sent to the daemon, which reads no files itself.
struct AutomatonSourceFile {
  /// As it was found here.
  var path: String
  /// As problems on the node name it.
  var name: String
  /// `spec.source`
  var json: JSON

  /// Text is sent as it is, so that problems on the node have their lines. What text alone does not hold, such as the
  /// scripts of a folder, and what is no text, is sent as an artifact.
  init(_ bytes: [UInt8], _ path: String) throws(APIError) {
    self.path = path
    name = String(path.split(separator: "/").last ?? "")
    let isText = AutomatonForm(of: bytes) == .yaml
    if isText, (try? AutomatonFile.load(bytes)) != nil {
      json = ["file": .string(name), "text": .string(String(decoding: bytes, as: UTF8.self))]
      return
    }
    let access = FileAccess.disk(folder: FileAccess.folder(of: path))
    let loaded: LoadedAutomaton
    do { loaded = try AutomatonFile.loadAny(bytes, file: path, access: access) } catch {
      throw APIError(
        .invalid, error.problems.filter { $0.severity == .error }.map(\.description).joined(separator: "\n"))
    }
    let artifact =
      Artifact.isArtifact(bytes)
      ? bytes
      : Artifact(kind: .model, label: loaded.automaton.name, payload: ModelCodec.encode(loaded.automaton)).encode()
    json = ["file": .string(name), "artifact": .string(Base64.encode(artifact))]
  }
}
