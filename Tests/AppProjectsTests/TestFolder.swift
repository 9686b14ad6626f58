import Foundation

@testable import AppProjects

/// A folder that goes with the test.
final class TestFolder {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("aether-app-\(UUID().uuidString)").path

  init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  @discardableResult
  func write(_ name: String, _ text: String) throws -> String {
    try write(name, Array(text.utf8))
  }

  @discardableResult
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    try Disk.makeFolder(Disk.folder(of: "\(path)/\(name)"))
    try Disk.write(bytes, to: "\(path)/\(name)")
    return "\(path)/\(name)"
  }
}
