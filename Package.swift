// swift-tools-version: 6.2
//
// Every module is a row of the table below: name, folder, what it depends on. Layers point down
// (docs/architecture.md). `AETHER_ONLY=Net swift test` builds one module, its tests and what they need.

import Foundation
import PackageDescription

enum Kind {
  case library, executable, tool, c
  case system(pkgConfig: String?, apt: String?)
  case test, plugin
}

struct Module {
  var name: String
  var path: String
  var kind: Kind
  var dependencies: [String]
  var resources: [Resource] = []
  var plugins: [String] = []
  var linker: [LinkerSetting] = []
  /// What of the folder is compiled, where it holds other files, too; `nil`: all.
  var sources: [String]?
  var exclude: [String] = []
}

func library(
  _ name: String, _ layer: String, _ dependencies: [String] = [], resources: [Resource] = [], plugins: [String] = [],
  linker: [LinkerSetting] = []
) -> Module {
  Module(
    name: name, path: "Sources/\(layer)/\(name)", kind: .library, dependencies: dependencies,
    resources: resources, plugins: plugins, linker: linker)
}
func executable(_ name: String, _ dependencies: [String]) -> Module {
  Module(name: name, path: "Sources/\(name)", kind: .executable, dependencies: dependencies)
}
func c(_ name: String, _ dependencies: [String] = []) -> Module {
  Module(name: name, path: "Sources/Platform/\(name)", kind: .c, dependencies: dependencies)
}
func system(_ name: String, pkgConfig: String? = nil, apt: String?) -> Module {
  Module(
    name: name, path: "Sources/Platform/\(name)", kind: .system(pkgConfig: pkgConfig, apt: apt),
    dependencies: [])
}
func tests(_ name: String, _ dependencies: [String] = [], plugins: [String] = []) -> Module {
  Module(
    name: "\(name)Tests", path: "Tests/\(name)Tests", kind: .test, dependencies: [name] + dependencies,
    plugins: plugins)
}
func plugin(_ name: String, _ dependencies: [String]) -> Module {
  Module(name: name, path: "Plugins/\(name)", kind: .plugin, dependencies: dependencies)
}

/// Where `make setup` puts Wasmtime's library, and where programs look for it: beside an installed program, in this folder
/// when built here, and for debug builds, tests and other build folders at its full path.
let wasmtimeLibrary = "\(Context.packageDirectory)/.build/wasmtime/lib"
let wasmtimeLinker: [LinkerSetting] = [
  .unsafeFlags([
    "-L\(wasmtimeLibrary)", "-Xlinker", "-rpath=$ORIGIN/../lib/aether", "-Xlinker", "-rpath=$ORIGIN/../../wasmtime/lib",
  ]),
  .unsafeFlags(["-Xlinker", "-rpath=\(wasmtimeLibrary)"], .when(configuration: .debug)),
]

let modules: [Module] = [
  // Programs
  executable(
    "aether",
    [
      "AppFormat", "AppProjects", "AppSDK", "Arguments", "Automata", "AutomatonAnalysis", "AutomatonFiles",
      "AutomatonRuns", "Bytes", "Crypto", "HTTP", "HTTPClient", "HostPackages", "JSON", "Model", "Net", "Version",
      "WebSocket", "YAML",
    ]),
  tests(
    "aether",
    ["AppFormat", "Arguments", "Automata", "AutomatonAnalysis", "AutomatonFiles", "Bytes", "JSON", "Model", "YAML"]),
  library("Version", "Core"),
  executable(
    "aetherd",
    [
      "AppDevices", "AppFormat", "AppManager", "AppSigning", "Apps", "Arguments", "Artifacts", "Automata",
      "AutomataHost",
      "AutomatonRuns", "Bytes", "CLinux", "Control", "Crypto", "Gateway",
      "HTTPClient", "HTTPServer", "HostUpdate", "Identity", "JSON",
      "Linux", "Logging",
      "Model", "Mosquitto", "Net", "Node", "Store", "Telemetry", "Version", "YAML",
    ]),
  Module(
    name: "EndToEndTests", path: "Tests/EndToEndTests", kind: .test,
    dependencies: ["AppFormat", "HTTPClient", "JSON", "PythonPeer", "TestAuthority", "aether", "aetherd"]),
  // Gateway
  Module(
    name: "Gateway", path: "Sources/Gateway", kind: .library,
    dependencies: [
      "AppFormat", "Artifacts", "Bytes", "HTTP", "HTTPServer", "JSON", "Logging", "Model", "Net", "Store", "Telemetry",
      "WebSocket", "YAML",
    ],
    resources: [.embedInCode("Contract")]),
  tests("Gateway", ["JSON", "YAML"]),
  // Core
  library("Bytes", "Core"), tests("Bytes"),
  library("JSON", "Core"), tests("JSON"),
  library("AppFormat", "Core", ["Bytes", "JSON"]), tests("AppFormat", ["Bytes", "JSON", "PythonPeer"]),
  library("AppABI", "Core", ["AppFormat"]), tests("AppABI", ["AppFormat"]),
  library("AppBindings", "Core", ["AppABI", "AppFormat"]), tests("AppBindings", ["AppABI"]),
  library("Script", "Core", ["Bytes"]), tests("Script", ["PythonPeer"]),
  library("Automata", "Core", ["Bytes", "Script"]), tests("Automata", ["Bytes", "PythonPeer", "Script"]),
  library("Runner", "Core", ["Automata", "Bytes", "Script"]),
  Module(
    name: "TargetsTests", path: "Tests/TargetsTests", kind: .test,
    dependencies: ["Automata", "AutomatonFiles", "AutomatonRuns", "PythonPeer", "Runner"]),
  // Fleet: the resource model and what stands on it
  library("Model", "Fleet", ["JSON"]), tests("Model"),
  library("Store", "Fleet", ["Bytes", "JSON", "Model", "RocksDB"]),
  tests("Store", ["RocksDB", "aether-store-torture"]),
  executable("aether-store-torture", ["JSON", "Model", "Store"]),
  library(
    "Control", "Fleet",
    [
      "AppFormat", "AppManager", "AppSigning", "Artifacts", "Automata", "AutomataHost", "AutomatonFiles",
      "AutomatonRuns", "Bytes", "Crypto", "JSON", "Linux", "Logging", "Model", "Node", "Store", "YAML",
    ],
    resources: [.embedInCode("Schemas")]),
  tests(
    "Control",
    [
      "AppFormat", "AppManager", "AppSigning", "Artifacts", "Automata", "AutomataHost", "AutomatonFiles", "Bytes",
      "Crypto", "JSON", "Linux", "Model", "Node", "Store",
    ]),
  library("Identity", "Fleet", ["Bytes", "Crypto", "JSON"]),
  tests("Identity", ["Bytes", "Crypto", "JSON", "PythonPeer"]),
  library("Telemetry", "Fleet"), tests("Telemetry", ["JSON", "PythonPeer"]),
  // Platform: C libraries and kernel interfaces
  system("COpenSSL", pkgConfig: "openssl", apt: "libssl-dev"),
  system("CNghttp2", pkgConfig: "libnghttp2", apt: "libnghttp2-dev"),
  system("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
  system("CWslay", apt: "libwslay-dev"),
  system("CRocksDB", apt: "librocksdb-dev"),
  library("RocksDB", "Platform", ["CRocksDB"]), tests("RocksDB"),
  c("COpenSSLShim", ["COpenSSL"]),
  c("CNet", ["COpenSSL", "COpenSSLShim"]),
  library("Net", "Platform", ["CNet", "COpenSSL"]), tests("Net", ["CNet", "TestAuthority"]),
  library("Crypto", "Platform", ["Bytes", "COpenSSL", "COpenSSLShim"]),
  tests("Crypto", ["Bytes", "COpenSSL", "JSON", "PythonPeer"]),
  c("CLLHTTP"),
  library("HTTP", "Platform", ["CLLHTTP", "CNghttp2"]), tests("HTTP", ["PythonPeer"]),
  library("Spelling", "Platform"), tests("Spelling"),
  library("Arguments", "Platform", ["Spelling"]), tests("Arguments"),
  library("HTTPServer", "Platform", ["HTTP", "Net"]), tests("HTTPServer", ["HTTP", "Net", "PythonPeer"]),
  library("WebSocket", "Platform", ["COpenSSL", "CWslay", "HTTP", "HTTPServer", "Net"]),
  tests("WebSocket", ["HTTP", "HTTPServer", "Net", "PythonPeer"]),
  executable("aether-bench-server", ["GRPC", "HTTPServer", "WebSocket"]),
  system("CYAML", pkgConfig: "yaml-0.1", apt: "libyaml-dev"),
  c("CCurlShim", ["CCurl", "COpenSSLShim"]),
  library("HTTPClient", "Platform", ["CCurl", "CCurlShim"]), tests("HTTPClient", ["PythonPeer"]),
  library("Logging", "Platform", ["JSON"]), tests("Logging", ["JSON"]),
  library("YAML", "Platform", ["CYAML", "JSON"]), tests("YAML", ["JSON", "PythonPeer"]),
  library("AutomatonAnalysis", "Platform", ["Automata", "JSON", "Script", "Spelling"]),
  tests("AutomatonAnalysis", ["Automata", "JSON", "PythonPeer"]),
  library("AutomatonFiles", "Platform", ["Automata", "Bytes", "JSON", "Script", "Spelling", "YAML"]),
  tests("AutomatonFiles", ["Automata", "Bytes", "JSON", "PythonPeer", "Script", "YAML"]),
  library("AutomatonRuns", "Platform", ["Automata", "Bytes", "JSON", "Script", "YAML"]),
  tests("AutomatonRuns", ["Automata", "AutomatonFiles"]),
  // Protobuf: runtime, and the plugin that generates what a target's protobuf.conf names
  library("Protobuf", "Platform", ["Bytes", "JSON"]),
  tests("Protobuf", ["JSON", "PythonPeer"], plugins: ["ProtobufGenerator"]),
  executable("protoc-gen-aether", ["Bytes", "Protobuf"]),
  plugin("ProtobufGenerator", ["protoc-gen-aether"]),
  library("GRPC", "Platform", ["Bytes", "HTTP", "HTTPServer", "Net", "Protobuf"], plugins: ["ProtobufGenerator"]),
  tests(
    "GRPC", ["Bytes", "HTTP", "HTTPServer", "Net", "Protobuf", "PythonPeer", "TestAuthority"],
    plugins: ["ProtobufGenerator"]),
  library("AppSigning", "Platform", ["AppFormat", "Crypto", "Linux"]),
  tests("AppSigning", ["AppFormat", "Bytes", "Crypto", "PythonPeer"]),
  library("HostPackages", "Platform", ["AppFormat", "AppSigning", "Bytes", "Crypto", "JSON", "Linux"]),
  tests("HostPackages", ["AppFormat", "AppSigning", "Crypto", "PythonPeer"]),
  Module(
    name: "AppSDK", path: "SDK/apps", kind: .library, dependencies: ["AppBindings"],
    resources: [
      "c/aether_guest.c", "c/aether_guest.h", "c/aether_heap.c", "rust/src/lib.rs", "swift/Guest.swift",
    ].map { .embedInCode($0) }, sources: ["AppSDK.swift"],
    exclude: ["c/aether_app.h", "rust/Cargo.toml", "rust/src/functions.rs", "swift/AetherApp.swift"]),
  library("AppProjects", "Platform", ["AppABI", "AppFormat", "AppSDK", "AppSigning", "Crypto", "JSON"]),
  executable("aether-build-apps", ["AppProjects"]),
  tests("AppProjects", ["AppABI", "AppBindings", "AppFormat", "AppSigning", "AppSDK", "Crypto", "JSON", "PythonPeer"]),
  system("CWasmtime", apt: nil),
  library("Wasmtime", "Platform", ["Bytes", "Crypto", "CWasmtime", "Linux"], linker: wasmtimeLinker),
  tests("Wasmtime", ["Crypto", "PythonPeer"]),
  system("CMosquitto", apt: "libmosquitto-dev"),
  library("Mosquitto", "Platform", ["CMosquitto", "Linux"]),
  c("CLinux"),
  library("Linux", "Platform", ["CLinux"]), tests("Linux"),
  // Node: what runs on one machine
  library("Node", "Node", ["CLinux", "JSON", "Linux", "Net"]), tests("Node", ["CLinux", "JSON", "Linux", "Net"]),
  library("AppManager", "Node", ["AppFormat", "AppSigning", "Bytes", "Crypto", "JSON", "Linux", "Logging"]),
  tests(
    "AppManager", ["AppFormat", "AppSigning", "Bytes", "Crypto", "JSON", "Linux", "PythonPeer", "aether-app-torture"]),
  executable("aether-app-torture", ["AppFormat", "AppManager", "HTTPClient", "HostUpdate", "Linux"]),
  library(
    "HostUpdate", "Node",
    [
      "AppFormat", "AppManager", "AppSigning", "Bytes", "Crypto", "HTTPClient", "HostPackages", "JSON", "Linux",
      "Logging",
    ]
  ),
  tests(
    "HostUpdate",
    [
      "AppFormat", "AppManager", "AppSigning", "Crypto", "HTTPClient", "HostPackages", "PythonPeer", "TestAuthority",
      "aether-app-torture",
    ]),
  c("CDevices"),
  library("AppDevices", "Node", ["AppFormat", "CDevices", "Linux"]),
  tests("AppDevices", ["CDevices", "Linux", "PythonPeer", "aether-device-check"]),
  executable("aether-device-check", ["AppDevices", "AppFormat", "AppManager", "Apps", "Crypto", "Linux", "Wasmtime"]),
  library(
    "Apps", "Node",
    [
      "AppABI", "AppDevices", "AppFormat", "AppManager", "Bytes", "Crypto", "JSON", "Linux", "Mosquitto", "Net",
      "Wasmtime",
    ]),
  tests(
    "Apps",
    [
      "AppABI", "AppDevices", "AppFormat", "AppManager", "AppSigning", "Bytes", "Crypto", "JSON", "Linux", "Mosquitto",
      "Net", "PythonPeer", "TestAuthority", "Wasmtime", "aether-settings-torture",
    ]),
  executable("aether-settings-torture", ["AppFormat", "AppManager", "Apps", "Crypto", "Linux"]),
  library("Artifacts", "Node", ["Bytes", "Crypto", "JSON", "Linux"]), tests("Artifacts", ["Bytes", "Crypto", "Linux"]),
  library("AutomataHost", "Node", ["Automata", "Bytes", "JSON", "Linux", "Logging", "Net"]),
  tests("AutomataHost", ["Automata", "AutomatonFiles", "AutomatonRuns", "JSON", "Linux"]),
  // Benchmarks
  Module(name: "BenchReport", path: "Benchmarks/BenchReport", kind: .library, dependencies: ["JSON"]),
  Module(
    name: "aether-bench-store", path: "Benchmarks/aether-bench-store", kind: .executable,
    dependencies: ["BenchReport", "JSON", "Model", "RocksDB", "Store"]),
  Module(
    name: "aether-bench-start", path: "Benchmarks/aether-bench-start", kind: .executable,
    dependencies: ["BenchReport", "HTTP", "HTTPClient", "JSON", "Linux", "Net", "Node", "WebSocket"]),
  Module(
    name: "aether-bench-net", path: "Benchmarks/aether-bench-net", kind: .executable,
    dependencies: ["BenchReport", "GRPC", "HTTP", "Net", "WebSocket"]),
  Module(
    name: "aether-bench-apps", path: "Benchmarks/aether-bench-apps", kind: .executable,
    dependencies: ["AppFormat", "AppManager", "Apps", "BenchReport", "Crypto", "CWasmtime", "Wasmtime"]),
  Module(
    name: "aether-bench-script", path: "Benchmarks/aether-bench-script", kind: .executable,
    dependencies: ["BenchReport", "Script"]),
  Module(
    name: "aether-bench-host", path: "Benchmarks/aether-bench-host", kind: .executable,
    dependencies: ["Automata", "AutomataHost", "AutomatonFiles", "BenchReport", "Linux"]),
  Module(
    name: "aether-bench-automata", path: "Benchmarks/aether-bench-automata", kind: .executable,
    dependencies: ["Automata", "AutomatonFiles", "BenchReport", "CYAML"]),
  // Tests: what several of them share
  Module(name: "TestAuthority", path: "Tests/TestAuthority", kind: .library, dependencies: ["Net"]),
  Module(name: "PythonPeer", path: "Tests/PythonPeer", kind: .library, dependencies: []),
]

extension Module {
  var target: Target {
    let dependencies = dependencies.map { Target.Dependency(stringLiteral: $0) }
    var swift: [SwiftSetting] = [.treatAllWarnings(as: .error)]
    if path.hasPrefix("Sources/Platform/") || path.hasPrefix("Sources/Core/") {
      // Dynamic checks of exclusive access cost an eighth of a request; debug builds and all tests keep them.
      swift.append(.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)))
    }
    let plugins = plugins.map { Target.PluginUsage(stringLiteral: $0) }
    switch kind {
    case .library:
      return .target(
        name: name, dependencies: dependencies, path: path, exclude: exclude, sources: sources, resources: resources,
        swiftSettings: swift, linkerSettings: linker, plugins: plugins)
    case .executable, .tool:
      return .executableTarget(
        name: name, dependencies: dependencies, path: path, swiftSettings: swift, plugins: plugins)
    case .c:
      return .target(name: name, dependencies: dependencies, path: path)
    case .system(let pkgConfig, let apt):
      return .systemLibrary(
        name: name, path: path, pkgConfig: pkgConfig, providers: apt.map { [.apt([$0])] })
    case .test:
      let data = ["Corpus", "Programs", "Scenarios", "Systems"].filter {
        FileManager.default.fileExists(atPath: "\(Context.packageDirectory)/\(path)/\($0)")
      }
      return .testTarget(
        name: name, dependencies: dependencies, path: path, exclude: data, swiftSettings: swift, plugins: plugins)
    case .plugin:
      return .plugin(
        name: name, capability: .buildTool(), dependencies: dependencies, path: path)
    }
  }
}

/// The rows that the modules named in `AETHER_ONLY` (comma separated) and their tests need; all rows without it.
func selected() -> [Module] {
  guard let only = ProcessInfo.processInfo.environment["AETHER_ONLY"], !only.isEmpty else {
    return modules
  }
  let byName = Dictionary(uniqueKeysWithValues: modules.map { ($0.name, $0) })
  var needed: Set<String> = []
  var pending = only.split(separator: ",").flatMap { [String($0), "\($0)Tests"] }
  while let name = pending.popLast() {
    guard let module = byName[name], needed.insert(name).inserted else { continue }
    pending += module.dependencies + module.plugins
  }
  return modules.filter { needed.contains($0.name) }
}

let package = Package(
  name: "aether",
  targets: selected().map(\.target),
  swiftLanguageModes: [.v6]
)
