import AppFormat
import Glibc
import Linux

/// Something in the registry that could not be used. It is said and kept, and everything else goes on.
public struct AppDamage: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Reason: Sendable, Equatable {
    /// A folder that is no app's.
    case foreign
    case noRecord
    case record(AppRecordError)
    /// The record is another app's.
    case otherName(String)
    /// Files of a version are missing or changed.
    case version(AppVersionID, String)
    /// The current version was unusable; the previous one is in its place.
    case wentBack(from: AppVersionID, to: AppVersionID)
    case session(AppRecordError)
    case unreadable(LinuxError)
  }

  /// Name of the app, of the file, or of the install session.
  public var subject: String
  public var reason: Reason
  /// Where it is now; `nil`: where it was.
  public var movedTo: String?

  public var description: String {
    let what =
      switch reason {
      case .foreign: "no app of the registry"
      case .noRecord: "its record is missing"
      case .record(let error): "its record cannot be used: \(error)"
      case .otherName(let name): "its record is that of \(name)"
      case .version(let id, let reason): "version \(id.hex.prefix(12)) cannot be used: \(reason)"
      case .wentBack(let from, let to):
        "version \(from.hex.prefix(12)) cannot be used; \(to.hex.prefix(12)) is in its place"
      case .session(let error): "the install session cannot be used: \(error)"
      case .unreadable(let error): "\(error)"
      }
    return "\(subject): \(what)" + (movedTo.map { "; moved to \($0)" } ?? "")
  }
}

/// An app as it is on disk.
struct StoredApp: Sendable, Equatable {
  var record: AppRecord
  /// Of the current version.
  var manifest: AppManifest
}

extension AppRegistry {
  /// Reads everything, and clears away what was not finished.
  func open() throws(LinuxError) -> (apps: [StoredApp], damage: [AppDamage]) {
    try Files.makeDirectories(root, mode: 0o700)
    for path in [apps, partial, damaged, installs] { try files.makeDirectory(path) }
    for name in try Files.names(in: partial).sorted() { try files.removeTree("\(partial)/\(name)") }
    var found: [StoredApp] = []
    var damage: [AppDamage] = []
    for entry in try Files.names(in: apps).sorted() where entry != ".partial" && entry != ".damaged" {
      do throws(AppDamage) {
        found.append(try openApp(entry, &damage))
      } catch {
        damage.append(setAside(entry, error))
      }
    }
    // A number twice cannot come from here, but from a folder that somebody copied.
    var numbers: Set<Int> = []
    for index in found.indices where !numbers.insert(found[index].record.number).inserted {
      found[index].record.number = Self.freeNumber(numbers)
      numbers.insert(found[index].record.number)
    }
    return (found, damage)
  }

  /// The smallest number from 1 on that is not taken.
  static func freeNumber(_ taken: Set<Int>) -> Int {
    var number = 1
    while taken.contains(number) { number += 1 }
    return number
  }

  private func openApp(_ entry: String, _ damage: inout [AppDamage]) throws(AppDamage) -> StoredApp {
    func damaged(_ reason: AppDamage.Reason) -> AppDamage { AppDamage(subject: entry, reason: reason) }
    guard let name = AppName(entry), Files.isDirectory(folder(name)) else { throw damaged(.foreign) }
    var record: AppRecord
    do {
      record = try AppRecord(encoded: try Files.readWhole(recordPath(name), limit: AppRecord.bytesMax))
    } catch let error as AppRecordError {
      throw damaged(.record(error))
    } catch let error as LinuxError where error.errno == ENOENT {
      throw damaged(.noRecord)
    } catch let error as LinuxError where error.errno == EFBIG {
      throw damaged(.record(.header))
    } catch {
      throw damaged(.unreadable(error as? LinuxError ?? LinuxError("read", entry, errno: EIO)))
    }
    guard record.name == name else { throw damaged(.otherName(record.name.text)) }
    let manifest: AppManifest
    do throws(AppDamage) {
      manifest = try openVersion(record.current, of: name)
    } catch {
      guard let previous = record.previous else { throw error }
      manifest = try openVersion(previous, of: name)
      damage.append(damaged(.wentBack(from: record.current.id, to: previous.id)))
      record.current = previous
      record.previous = nil
      record.isOnTrial = false
      do throws(LinuxError) { try write(record) } catch { damage.append(damaged(.unreadable(error))) }
    }
    if let previous = record.previous {
      do throws(AppDamage) {
        _ = try openVersion(previous, of: name)
      } catch {
        damage.append(error)
        record.previous = nil
        record.isOnTrial = false
      }
    }
    do throws(LinuxError) { try clear(record) } catch { damage.append(damaged(.unreadable(error))) }
    return StoredApp(record: record, manifest: manifest)
  }

  /// Whether the files of a version are there; their contents are compared when the app is started.
  private func openVersion(_ version: AppVersion, of name: AppName) throws(AppDamage) -> AppManifest {
    let path = self.version(name, version.id)
    func damaged(_ reason: String) -> AppDamage {
      AppDamage(subject: name.text, reason: .version(version.id, reason))
    }
    guard let length = Files.length("\(path)/app.wasm") else { throw damaged("app.wasm is missing") }
    guard length == version.moduleBytes else {
      throw damaged("app.wasm has \(length) bytes instead of \(version.moduleBytes)")
    }
    do {
      return try AppManifest(json: try Files.readWhole("\(path)/manifest.json", limit: AppManifest.bytesMax))
    } catch {
      throw damaged("manifest.json: \(error)")
    }
  }

  /// Removes what an unfinished change has left in an app's folder.
  private func clear(_ record: AppRecord) throws(LinuxError) {
    let folder = folder(record.name)
    for entry in try Files.names(in: folder).sorted() where !["record", "versions", "data"].contains(entry) {
      try files.removeTree("\(folder)/\(entry)")
    }
    if !Files.exists(dataFolder(record.name)) { try files.makeDirectory(dataFolder(record.name)) }
    try discardVersions(record.name, keeping: Set([record.current.id, record.previous?.id].compactMap { $0 }))
  }

  /// Moves what cannot be used out of the way, unless it could not even be read.
  private func setAside(_ entry: String, _ damage: AppDamage) -> AppDamage {
    if case .unreadable = damage.reason { return damage }
    var number = 1
    while Files.exists("\(damaged)/\(entry)-\(number)") { number += 1 }
    let place = "\(damaged)/\(entry)-\(number)"
    var damage = damage
    do throws(LinuxError) {
      try files.rename("\(apps)/\(entry)", place)
      try files.sync(directory: apps)
      damage.movedTo = place
    } catch {
      damage.reason = .unreadable(error)
    }
    return damage
  }
}
