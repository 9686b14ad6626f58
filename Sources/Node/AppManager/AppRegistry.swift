import AppFormat
import Bytes
import Crypto
import Glibc
import Linux

/// Apps on disk. One folder per app:
///
///     apps/<name>/record                    which version counts, grants, counters; replaced as a whole
///     apps/<name>/versions/<id>/app.wasm    with manifest.json, and model.tflite and icon_32.bmp where there are any
///     apps/<name>/data/                     the app's own files
///     apps/.partial/                        what is being made or removed; emptied at opening
///     apps/.damaged/                        what could not be read, moved aside
///     installs/<id>/                        install sessions
///
/// Every change is made beside, synced, and put in its place by one `rename`: a process that is killed at any point leaves
/// the state before or the state after.
struct AppRegistry: Sendable {
  let root: String
  let files: FileSteps

  var apps: String { "\(root)/apps" }
  var partial: String { "\(apps)/.partial" }
  var damaged: String { "\(apps)/.damaged" }
  var installs: String { "\(root)/installs" }

  init(root: String, faults: FaultPoint? = nil) {
    self.root = root
    files = FileSteps(before: faults)
  }

  func folder(_ name: AppName) -> String { "\(apps)/\(name.text)" }
  func recordPath(_ name: AppName) -> String { "\(folder(name))/record" }
  func dataFolder(_ name: AppName) -> String { "\(folder(name))/data" }
  func versions(_ name: AppName) -> String { "\(folder(name))/versions" }
  func version(_ name: AppName, _ id: AppVersionID) -> String { "\(versions(name))/\(id.hex)" }

  // MARK: Changes

  /// Puts a new app in place, with its first version.
  func add(_ record: AppRecord, _ image: AppImage) throws(LinuxError) {
    let staging = try freshPartial("install-\(record.name.text)")
    do throws(LinuxError) {
      try files.makeDirectory(staging)
      try files.makeDirectory("\(staging)/data")
      try files.makeDirectory("\(staging)/versions")
      try writeVersion(image, "\(staging)/versions/\(image.id.hex)")
      try files.sync(directory: "\(staging)/versions")
      try files.write("\(staging)/record", record.encoded())
      try files.sync(directory: staging)
      try files.rename(staging, folder(record.name))
    } catch {
      try? files.removeTree(staging)
      throw error
    }
    do throws(LinuxError) {
      try files.sync(directory: apps)
    } catch {
      // Nobody is told of it, so nothing of it may stay.
      try? remove(record.name)
      throw error
    }
  }

  /// Puts a version beside those that an app has. One that is there and sound is left as it is.
  func addVersion(_ image: AppImage, to name: AppName) throws(LinuxError) {
    let place = version(name, image.id)
    if isSound(place, image.id) { return }
    let staging = try freshPartial("version-\(image.id.hex)")
    let worn = try freshPartial("worn-\(image.id.hex)")
    do throws(LinuxError) {
      try writeVersion(image, staging)
      if Files.exists(place) { try files.rename(place, worn) }
      try files.rename(staging, place)
    } catch {
      try? files.removeTree(staging)
      throw error
    }
    try files.sync(directory: versions(name))
    try files.removeTree(worn)
  }

  func write(_ record: AppRecord) throws(LinuxError) {
    try files.replace(recordPath(record.name), record.encoded(), in: folder(record.name))
  }

  /// Removes the versions of an app but these.
  func discardVersions(_ name: AppName, keeping kept: Set<AppVersionID>) throws(LinuxError) {
    for entry in try Files.names(in: versions(name)).sorted() where !kept.contains(where: { $0.hex == entry }) {
      try files.removeTree("\(versions(name))/\(entry)")
    }
  }

  /// Removes an app with all that belongs to it.
  func remove(_ name: AppName) throws(LinuxError) {
    let away = try freshPartial("removed-\(name.text)")
    try files.rename(folder(name), away)
    // From here on it is gone; what is left of it is removed now or at the next opening.
    try files.sync(directory: apps)
    try? files.removeTree(away)
  }

  /// A path in the folder for unfinished things at which nothing is.
  private func freshPartial(_ label: String) throws(LinuxError) -> String {
    let path = "\(partial)/\(label)"
    try files.removeTree(path)
    return path
  }

  private func writeVersion(_ image: AppImage, _ path: String) throws(LinuxError) {
    try files.makeDirectory(path)
    for member in image.members { try files.write("\(path)/\(member.name)", member.bytes) }
    try files.sync(directory: path)
  }

  // MARK: Reading

  /// The files of a version, whose names and contents make its identity.
  func readVersion(_ path: String) throws(LinuxError) -> AppImage.Members {
    var members = AppImage.Members(
      module: try Files.readWhole("\(path)/app.wasm", limit: Self.fileBytesMax),
      manifest: try Files.readWhole("\(path)/manifest.json", limit: Self.fileBytesMax))
    for (name, member) in [("model.tflite", \AppImage.Members.model), ("icon_32.bmp", \.icon)]
    where Files.exists("\(path)/\(name)") {
      members[keyPath: member] = try Files.readWhole("\(path)/\(name)", limit: Self.fileBytesMax)
    }
    return members
  }

  func isSound(_ path: String, _ id: AppVersionID) -> Bool {
    guard let members = try? readVersion(path) else { return false }
    return members.id == id
  }

  static let fileBytesMax = 64 << 20
}
