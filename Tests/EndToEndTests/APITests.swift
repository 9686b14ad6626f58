import Foundation
import JSON
import PythonPeer
import Testing

/// The API as strangers meet it.
@Suite(.serialized) struct APITests {
  private func python(_ aether: Installation, _ program: String, _ arguments: [String] = []) throws -> String {
    try PythonPeer.run(program, ["\(aether.port)", aether.authority] + arguments)
  }

  private let fast = "rate: {requestsPerSecond: 100000, burst: 100000}\n"

  @Test func badInputIsRefused() async throws {
    let aether = try Installation(configuration: fast)
    defer { aether.remove() }
    try await aether.start()
    #expect(try python(aether, APIPrograms.badInput) == "ok\n")
    // What was asked is on record, without anybody's token.
    try await aether.wait("the audit log is written") {
      let log = try String(contentsOfFile: aether.root + "/audit/audit.jsonl", encoding: .utf8)
      return log.contains(#""path":"/v1/cells/mine""#) && log.contains(#""status":404"#)
    }
    let lines = try String(contentsOfFile: aether.root + "/audit/audit.jsonl", encoding: .utf8).split(separator: "\n")
    #expect(try lines.allSatisfy { try JSON.parse(String($0))["requestId"] != nil })
    #expect(!lines.contains { $0.contains("eyJ") })
    #expect(!aether.log.contains("eyJ"))
  }

  @Test func randomRequests() async throws {
    let seed = ProcessInfo.processInfo.environment["AETHER_SEED"] ?? "\(UInt32.random(in: 0 ... .max))"
    print("randomRequests: AETHER_SEED=\(seed)")
    let aether = try Installation(configuration: fast)
    defer { aether.remove() }
    try await aether.start()
    let output = try python(aether, APIPrograms.fuzz, [seed, "3000"])
    #expect(output.hasSuffix("ok\n"))
  }

  @Test func rateLimit() async throws {
    let aether = try Installation(configuration: "rate: {requestsPerSecond: 2, burst: 40}\n")
    defer { aether.remove() }
    try await aether.start()
    #expect(try python(aether, APIPrograms.patience) == "ok\n")
  }

  /// Every answer is one that `schemas/openapi.yaml` documents, and none is a server error.
  @Test func keepsItsContract() async throws {
    let seed = ProcessInfo.processInfo.environment["AETHER_SEED"] ?? "\(UInt32.random(in: 0 ... .max))"
    print("keepsItsContract: AETHER_SEED=\(seed)")
    let aether = try Installation(configuration: fast)
    defer { aether.remove() }
    try await aether.start()
    let result = try Installation.run(
      PythonPeer.interpreter,
      ["-c", APIPrograms.prelude + "\nprint(token_of('ada'))", "\(aether.port)", aether.authority])
    let token = result.output.trimmingCharacters(in: .whitespacesAndNewlines)
    // Too much is refused with a status that says so, and what only a device has with 501, where that is documented.
    let settings = aether.root + "/schemathesis.toml"
    try """
    [checks.not_a_server_error]
    expected-statuses = ["2xx", "3xx", "4xx", "501"]

    [checks.negative_data_rejection]
    expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "413", "414", "415", "422", "429", "431"]

    """.write(toFile: settings, atomically: true, encoding: .utf8)
    // In the installation's folder, where it leaves what it remembers.
    let contract = try Installation.run(
      "/bin/sh",
      [
        "-c", "cd \"$1\" && shift && exec \"$@\"", "sh", aether.root, PythonPeer.interpreter,
        "-m", "schemathesis.cli", "--config-file", settings, "run", aether.server + "/v1/openapi.yaml", "--tls-verify",
        aether.authority, "-H",
        "Authorization: Bearer \(token)", "--seed", seed, "--max-examples", "25", "--workers", "1",
        // These speak of how the examples are made, such as "too slow" on a busy machine, not of what is tested.
        "--suppress-health-check", "all",
        // Not: that all which fits a schema is accepted. A revision, a name or a kind that does not exist fits one, too.
        "--checks",
        "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
          + "response_schema_conformance,negative_data_rejection,ignored_auth",
        // The upgrade to WebSocket is not a request and a response; WebSocketTests and the tour go through it.
        "--exclude-path", "/v1/watch", "--exclude-path", "/v1/cells/{name}/exec", "--exclude-path", "/v1/app-events",
      ])
    #expect(contract.status == 0, "\(contract.output.suffix(6000))\(contract.errors.suffix(2000))")
  }
}
