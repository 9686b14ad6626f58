import Crypto
import Foundation
import Testing

/// A directory that is gone after the test.
func withTemporaryDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("aether-crypto-\(UUID())").path
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try body(path)
}

func permissions(_ path: String) throws -> Int {
  let value = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber
  return try #require(value).intValue
}

@Suite struct ProtectedFileTests {
  @Test func keyFilesArePrivateAndWhole() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/key.pem"
      #expect(try PrivateKey.load(path) == nil)
      let first = try PrivateKey.generate(.ed25519)
      try first.store(path)
      let second = try PrivateKey.generate(.ed25519)
      try second.store(path)
      #expect(try permissions(path) == 0o600)
      #expect(try PrivateKey.load(path)?.publicKey == second.publicKey)
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["key.pem"])
      for mode in [0o644, 0o640, 0o604, 0o660] {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        #expect(throws: CryptoError.fileTooOpen(path: path, mode: UInt32(mode))) { try PrivateKey.load(path) }
      }
    }
  }

  @Test func boundsAndKinds() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/file"
      try ProtectedFile.write([UInt8](repeating: 7, count: 100), to: path, mode: 0o644)
      #expect(try permissions(path) == 0o644)
      #expect(try ProtectedFile.read(path, sizeMax: 100)?.count == 100)
      #expect(throws: CryptoError.self) { try ProtectedFile.read(path, sizeMax: 99) }
      #expect(throws: CryptoError.self) { try ProtectedFile.read(directory) }
      #expect(throws: CryptoError.self) { try ProtectedFile.write([1], to: "\(directory)/none/file", mode: 0o644) }
      try ProtectedFile.write([], to: path, mode: 0o600)
      #expect(try ProtectedFile.read(path)?.count == 0)
      try ProtectedFile.makeDirectory("\(directory)/a/b", mode: 0o700)
      #expect(try permissions("\(directory)/a/b") == 0o700)
      #expect(throws: CryptoError.self) { try ProtectedFile.makeDirectory(path, mode: 0o700) }
    }
  }
}
