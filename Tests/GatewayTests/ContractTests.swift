import Foundation
import JSON
import Testing
import YAML

@testable import Gateway

@Suite struct ContractTests {
  /// Every route of the gateway is in `schemas/openapi.yaml`, and everything there is a route: what is in the contract is
  /// called by the tests of the whole system.
  @Test func routesAndContractAgree() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Sources/Gateway").path
    let route = try Regex(#"Route\(\s*\.([a-z]+),\s*"([^"]+)""#, as: (Substring, Substring, Substring).self)
    var routes: Set<String> = []
    for file in try FileManager.default.contentsOfDirectory(atPath: folder) where file.hasSuffix(".swift") {
      let text = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
      for match in text.matches(of: route) { routes.insert("\(match.output.1) \(match.output.2)") }
    }
    let contract = try #require(try YAML.parse(PackageResources.openapi_yaml).first).value
    var documented: Set<String> = []
    for path in contract["paths"]?.objectValue?.members ?? [] {
      for method in path.value.objectValue?.names ?? [] { documented.insert("\(method) \(path.name)") }
    }
    #expect(routes.count > 60)
    #expect(routes.subtracting(documented).sorted() == [], "routes that the contract lacks")
    #expect(documented.subtracting(routes).sorted() == [], "what the contract has and no route does")
  }
}
