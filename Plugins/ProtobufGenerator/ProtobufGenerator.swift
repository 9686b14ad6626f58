import Foundation
import PackagePlugin

/// Runs protoc with protoc-gen-aether for the schemas that a target's `protobuf.conf` names, one directive per line:
///
///     generate grpc/health/v1/health.proto        a schema below the target's folder or below `proto/`
///     services off                                messages only
///     access internal                             visibility of what is generated
///     module GRPC grpc/status.proto               the messages of that schema live in module GRPC
@main
struct ProtobufGenerator: BuildToolPlugin {
  struct Problem: Error, CustomStringConvertible {
    var description: String
  }

  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    guard let target = target as? any SourceModuleTarget else { return [] }
    let configuration = target.directoryURL.appending(path: "protobuf.conf")
    let roots = [target.directoryURL, context.package.directoryURL.appending(path: "proto")]
    let output = context.pluginWorkDirectoryURL.appending(path: "Generated")
    let tool = try context.tool(named: "protoc-gen-aether")
    var schemas: [String] = []
    var options = ["module=\(target.moduleName)"]
    let text = try String(contentsOf: configuration, encoding: .utf8)
    for line in text.split(separator: "\n") {
      let words = line.prefix { $0 != "#" }.split(separator: " ").map(String.init)
      switch (words.first, words.count) {
      case (nil, _): continue
      case ("generate", 2): schemas.append(words[1])
      case ("services", 2): options.append("services=\(words[1] == "off" ? "false" : "true")")
      case ("access", 2): options.append("access=\(words[1])")
      case ("module", 3): options.append("map:\(words[2])=\(words[1])")
      default: throw Problem(description: "\(configuration.path): cannot read \"\(line)\"")
      }
    }
    let files = try schemas.map { schema in
      let places = roots.map { $0.appending(path: schema) }
      guard let file = places.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
        throw Problem(description: "\(configuration.path): there is no \(schema) in \(roots.map(\.path))")
      }
      return file
    }
    try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
    let generated = schemas.map { schema in
      output.appending(path: schema.dropLast(".proto".count).replacing("/", with: "_") + ".pb.swift")
    }
    let arguments =
      ["--plugin=protoc-gen-aether=\(tool.url.path)", "--aether_out=\(output.path)"]
      + ["--aether_opt=\(options.joined(separator: ","))"] + roots.map { "--proto_path=\($0.path)" } + schemas
    return [
      .buildCommand(
        displayName: "Generating Swift for \(target.name) from \(schemas.count) schemas",
        executable: URL(filePath: "/usr/bin/protoc"), arguments: arguments,
        inputFiles: [configuration, tool.url] + files + imported(roots), outputFiles: generated)
    ]
  }

  /// Every schema in the roots, since those named may import any of them.
  private func imported(_ roots: [URL]) -> [URL] {
    roots.flatMap { root in
      (FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)?.allObjects ?? [])
        .compactMap { $0 as? URL }.filter { $0.pathExtension == "proto" }
    }
  }
}
