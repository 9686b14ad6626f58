import Foundation
import PythonPeer
import Testing
import Wasmtime

@Suite struct CacheTests {
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "aether-wasmtime-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  private func files(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder)
  }

  @Test func codeIsCompiledOnce() throws {
    try withFolder { folder in
      let cache = try CodeCache(folder: folder)
      let bytes = try wasm(fromText: fibonacci)
      for compiler in EngineOptions.Compiler.allCases {
        let engine = try engine(EngineOptions(compiler: compiler))
        #expect(cache.cached(bytes, engine: engine) == nil)
        #expect(try cache.load(bytes, engine: engine).wasCached == false)
        let again = try cache.load(bytes, engine: engine)
        #expect(again.wasCached)
        let guest = try Instance(try Linker<Notes>().link(again.module), host: Notes())
        #expect(try guest.function("fib").call(Int32(10), giving: Int32.self) == 55)
      }
      #expect(try files(folder).count == 2)
      let modes = try files(folder).map {
        try FileManager.default.attributesOfItem(atPath: "\(folder)/\($0)")[.posixPermissions] as? Int
      }
      #expect(modes == [0o600, 0o600])
    }
  }

  @Test func codeOfAnotherConfigurationIsRefused() throws {
    let bytes = try wasm(fromText: fibonacci)
    let code = try Module(compiling: bytes, engine: try engine()).serialized()
    for options in [
      EngineOptions(isInterruptible: false), EngineOptions(countsFuel: true),
      EngineOptions(allocation: .onDemand(reservationBytes: 1 << 20)),
    ] {
      let refused = failure { _ = try Module(trustedCode: code, engine: try engine(options)) }
      guard case .incompatibleCode(let reason)? = refused, !reason.isEmpty else {
        Issue.record("\(String(describing: refused))")
        continue
      }
    }
    #expect(throws: WasmtimeError.self) { try Module(trustedCode: [], engine: try engine()) }
    #expect(throws: WasmtimeError.self) { try Module(trustedCode: bytes, engine: try engine()) }
  }

  @Test func damagedAndForeignFilesAreMadeAgain() throws {
    try withFolder { folder in
      let cache = try CodeCache(folder: folder)
      let engine = try engine()
      let bytes = try wasm(fromText: fibonacci)
      _ = try cache.load(bytes, engine: engine)
      let path = "\(folder)/\(try #require(try files(folder).first))"
      let sound = try Data(contentsOf: URL(fileURLWithPath: path))
      var random = SeededNumbers.forTest(#function)
      for _ in 0..<50 {
        var damaged = sound
        if Bool.random(using: &random) {
          damaged[Int.random(in: 0..<damaged.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        } else {
          damaged.removeLast(Int.random(in: 1..<damaged.count, using: &random))
        }
        try damaged.write(to: URL(fileURLWithPath: path))
        #expect(try cache.load(bytes, engine: engine).wasCached == false)
        #expect(try cache.load(bytes, engine: engine).wasCached)
      }
      // A link is not followed, and a file that others can write to is not used.
      let moved = folder + ".moved"
      try FileManager.default.moveItem(atPath: path, toPath: moved)
      defer { try? FileManager.default.removeItem(atPath: moved) }
      try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: moved)
      #expect(cache.cached(bytes, engine: engine) == nil)
      #expect(try cache.load(bytes, engine: engine).wasCached == false)
      #expect(chmod(path, 0o666) == 0)
      #expect(cache.cached(bytes, engine: engine) == nil)
    }
  }

  @Test func aFolderThatOthersCanWriteToIsRefused() throws {
    try withFolder { folder in
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      #expect(chmod(folder, 0o777) == 0)
      #expect(throws: WasmtimeError.self) { try CodeCache(folder: folder) }
      #expect(chmod(folder, 0o700) == 0)
      _ = try CodeCache(folder: folder)
      #expect(throws: WasmtimeError.self) { try CodeCache(folder: "/dev/null/cache") }
    }
  }

  @Test func theLongestUnusedGoesFirst() throws {
    try withFolder { folder in
      let engine = try engine()
      let modules = try (0..<4).map {
        try wasm(fromText: "(module (func (export \"f\") (result i32) (i32.const \($0))))")
      }
      let probe = try CodeCache(folder: folder)
      _ = try probe.load(modules[0], engine: engine)
      let name = try #require(try files(folder).first)
      let size = try #require(
        try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")[.size] as? UInt64)
      let cache = try CodeCache(folder: folder, bytesMax: size * 5 / 2)
      _ = try cache.load(modules[1], engine: engine)
      for (index, file) in try files(folder).enumerated() {
        // Long ago, the first module longer ago than the second.
        let age = file == name ? 1000.0 : 500.0 + Double(index)
        try FileManager.default.setAttributes(
          [.modificationDate: Date(timeIntervalSinceNow: -age)], ofItemAtPath: "\(folder)/\(file)")
      }
      _ = try cache.load(modules[2], engine: engine)
      #expect(cache.cached(modules[0], engine: engine) == nil)
      #expect(cache.cached(modules[1], engine: engine) != nil)
      #expect(cache.cached(modules[2], engine: engine) != nil)
    }
  }
}
