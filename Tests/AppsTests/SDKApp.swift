import AppFormat
import AppManager
import Crypto
import Foundation
import Testing

@testable import Apps

/// Runs a tool without holding up other tests; it must end with 0.
func runTool(_ arguments: [String]) async throws {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = arguments
  let status = try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Int32, any Error>) in
    process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
    do { try process.run() } catch { continuation.resume(throwing: error) }
  }
  guard status == 0 else { throw Failure(text: "\(arguments.joined(separator: " ")): \(status)") }
}

/// Apps in C as users of the reference's SDK write and build them: they declare what they import by themselves, from its
/// description, and use no header of this project. `main` gives 0, or the line of the check that failed.
enum SDKApp {
  static let prelude = """
    typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long long u64;
    #define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
    #define AKIRA(name) IMPORT("env", #name)
    #define CHECK(condition) do { if (!(condition)) return __LINE__; } while (0)
    #define IS(call, value) do { int is_ = (call); if (is_ != (value)) { last_ = is_; return __LINE__; } } while (0)
    static int last_;
    __attribute__((export_name("last"))) int last(void) { return last_; }
    #line 1
    """

  /// What the SDK's build does: no C library, no entry, `main` exported, names that are not found left to the host.
  static let flags = [
    "--target=wasm32", "-O2", "-nostdlib", "-fno-builtin", "-Wl,--no-entry", "-Wl,--export=main",
    "-Wl,--allow-undefined",
    "-Wl,-z,stack-size=4096", "-Wl,--initial-memory=65536",
  ]

  static func build(_ source: String, in folder: String, flags: [String] = SDKApp.flags) async throws -> [UInt8] {
    let name = SecureRandom.bytes(4).map { String($0, radix: 16) }.joined()
    let (input, output) = ("\(folder)/\(name).c", "\(folder)/\(name).wasm")
    try Data((prelude + "\n" + source).utf8).write(to: URL(fileURLWithPath: input))
    try await runTool(["clang"] + flags + [input, "-o", output])
    return Array(try Data(contentsOf: URL(fileURLWithPath: output)))
  }
}

extension Bench {
  /// An app with a manifest inside, as the SDK's tool embeds it; its rights are what the manifest asks for.
  func sdk(
    _ name: String, _ source: String, _ manifest: String = "{}", flags: [String] = SDKApp.flags
  ) async throws -> AppLaunch {
    var launch = try launch(name, "(module)")
    launch.module = try AppManifest.embed(
      Array(manifest.utf8), in: try await SDKApp.build(source, in: folder, flags: flags))
    launch.sha256 = Digest.sha256(launch.module)
    launch.manifest = try #require(try AppManifest.embedded(in: launch.module, ModuleOutline(launch.module)))
    launch.capabilities = CapabilityRegistry().capabilities(named: launch.manifest.capabilities)
    return launch
  }

  /// Runs such an app, whose checks must all hold.
  func passes(
    _ name: String, _ source: String, _ manifest: String = "{}", flags: [String] = SDKApp.flags,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let exit = try await run(try await sdk(name, source, manifest, flags: flags))
    #expect(exit == .exited(code: 0), "\(name): \(lines(name))", sourceLocation: sourceLocation)
  }
}
