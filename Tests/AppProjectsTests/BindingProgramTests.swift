import AppABI
import AppFormat
import Foundation
import Testing

@testable import AppBindings
@testable import AppProjects
@testable import AppSDK

/// Programs that call every function, in every language: the imports of what the compilers make are the rows of the table.
@Suite struct BindingProgramTests {
  // MARK: What is compared

  private static func spelling(_ module: String, _ name: String, _ type: ModuleOutline.FunctionType) -> String {
    "\(module).\(name)(\(type.parameters.map { "\($0)" }.joined(separator: ","))) \(type.results.map { "\($0)" })"
  }

  private func imports(_ built: BuiltApp) -> Set<String> {
    Set(
      built.outline.imports.map { item in
        guard case .function(let type) = item.kind else { return "\(item.module).\(item.name) is no function" }
        return Self.spelling(item.module, item.name, type)
      })
  }

  private func wanted(_ bindings: [Binding]) -> Set<String> {
    Set(bindings.map { Self.spelling($0.row.module, $0.row.name, $0.row.outlineType) })
  }

  private func build(_ language: AppSDK.Language, _ program: String) throws -> BuiltApp {
    let folder = try TestFolder()
    try folder.write("app.json", #"{"name": "all", "build": {"language": "\#(language.rawValue)"}}"#)
    try folder.write("main.\(language.fileExtension)", program)
    return try Project(folder: folder.path).build()
  }

  private func expectSame(_ found: Set<String>, _ wanted: Set<String>) {
    #expect(found.subtracting(wanted).sorted() == [])
    #expect(wanted.subtracting(found).sorted() == [])
  }

  private static let safe = Binding.all.filter(\.hasSafeForm)

  // MARK: C

  private static var programInC: String {
    let calls = Binding.all.map { binding in
      let zeros = binding.row.types.map { _ in "0" }
      return "  (void)\(binding.symbol)(\(zeros.joined(separator: ", ")));"
    }
    return """
      #include "aether_app.h"
      int32_t main(void);
      int32_t main(void) {
      \(calls.joined(separator: "\n"))
        return AETHER_EPERM;
      }

      """
  }

  @Test func everyFunctionIsThereInC() throws {
    expectSame(imports(try build(.c, Self.programInC)), wanted(Binding.all))
  }

  /// The header and the pieces beside it, with every warning that is about C of today.
  @Test func sourcesInCHaveNoWarnings() throws {
    let folder = try TestFolder()
    for file in AppSDK.files(for: .swift) where !file.path.hasSuffix(".swift") {
      try folder.write(file.path, file.bytes)
    }
    try folder.write("all.c", Self.programInC)
    let clang = try ToolSearch.standard.clang()
    for name in ["all.c", "aether_guest.c", "aether_heap.c"] {
      let exceptions = [
        "unsafe-buffer-usage", "declaration-after-statement", "pre-c11-compat", "switch-default", "cast-align",
        "reserved-identifier", "c++-compat",
      ]
      try ToolRun.run(
        clang,
        ["--target=wasm32", "-std=c17", "-ffreestanding", "-Weverything", "-Werror", "-Wno-unknown-warning-option"]
          + (exceptions + ["implicit-void-ptr-cast"]).map { "-Wno-\($0)" }
          + ["-fsyntax-only", "\(folder.path)/\(name)"],
        log: "\(folder.path)/log")
    }
    // As C++, too.
    try folder.write("all.cpp", "#include \"aether_app.h\"\nint32_t all() { return delay(1); }\n")
    try ToolRun.run(
      clang, ["--target=wasm32", "-ffreestanding", "-Wall", "-Werror", "-fsyntax-only", "\(folder.path)/all.cpp"],
      log: "\(folder.path)/log")
  }

  // MARK: Swift

  @Test func everyFunctionIsThereInSwift() throws {
    let calls = Binding.all.map { binding in
      let arguments = binding.row.parameters.flatMap { parameter -> [String] in
        let isPointer = parameter.kind.isPointer || binding.isAddress(parameter)
        return [isPointer ? "nil" : "0"] + (parameter.kind.types.count > 1 ? ["0"] : [])
      }
      return "  \(binding.row.result == .nothing ? "" : "_ = ")\(SwiftBindings.importName(binding))"
        + "(\(arguments.joined(separator: ", ")))"
    }
    let program = "@c(main) public func main() -> Int32 {\n\(calls.joined(separator: "\n"))\n  return 0\n}\n"
    expectSame(imports(try build(.swift, program)), wanted(Binding.all))
  }

  @Test func everySafeFormInSwiftCallsItsFunction() throws {
    let calls = Self.safe.map { binding in
      // No variable is lent twice in one call.
      let arguments = binding.row.parameters.enumerated().map { index, parameter in
        let label = "\(parameter.name): "
        return switch parameter.kind {
        case .int32, .uint32, .int64: label + "0"
        case .text: label + "\"x\""
        case .bytes: label + "room.span"
        case .input(let count): label + "bytes(\(count)).span"
        case .buffer: label + "&other\(index)"
        case .output(4): label + "&number\(index)"
        case .output(let count): label + "&room\(count)at\(index)"
        case .outputLike: label + "&like\(index)"
        case .shared: label + "ring"
        }
      }
      let name = "\(binding.row.family.typeName).\(binding.shortName.lowerCamel)"
      let call = "\(name)(\(arguments.joined(separator: ", ")))"
      if binding.canFail { return "  do throws(AppError) { _ = try \(call) } catch {}" }
      return "  \(binding.row.result == .nothing ? "" : "_ = ")\(call)"
    }
    let sizes = Set(
      Self.safe.flatMap { $0.row.parameters }.compactMap { parameter -> Int32? in
        if case .output(let count) = parameter.kind, count != 4 { count } else { nil }
      }
    ).sorted()
    func variables(_ index: Int) -> String {
      "  var other\(index) = bytes(16), like\(index) = bytes(16), number\(index): Int32 = 0"
        + sizes.map { ", room\($0)at\(index) = bytes(\($0))" }.joined()
    }
    let program = """
      func bytes(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
      @c(main) public func main() -> Int32 {
        let room = bytes(16), ring = Ring()
      \((0..<8).map(variables).joined(separator: "\n"))
      \(calls.joined(separator: "\n"))
        return number0
      }

      """
    expectSame(imports(try build(.swift, program)), wanted(Self.safe))
  }

  // MARK: Rust

  @Test func everyFunctionIsThereInRust() throws {
    let calls = Binding.all.map { binding in
      let arguments = binding.row.parameters.flatMap { parameter -> [String] in
        let isPointer = parameter.kind.isPointer || binding.isAddress(parameter)
        return [isPointer ? "0 as *mut _" : "0"] + (parameter.kind.types.count > 1 ? ["0"] : [])
      }
      return "        let _ = raw::\(binding.symbol)(\(arguments.joined(separator: ", ")));"
    }
    expectSame(
      imports(try build(.rust, Self.rust("    unsafe {\n\(calls.joined(separator: "\n"))\n    }"))), wanted(Binding.all)
    )
  }

  @Test func everySafeFormInRustCallsItsFunction() throws {
    let calls = Self.safe.map { binding in
      let arguments = binding.row.parameters.map { parameter in
        switch parameter.kind {
        case .int32, .uint32, .int64: "0"
        case .text: "text!(\"x\")"
        case .bytes: "&[0; 16]"
        case .input(let count): "&[0; \(count)]"
        case .buffer, .outputLike: "&mut [0; 16]"
        case .output(4): "&mut 0"
        case .output(let count): "&mut [0; \(count)]"
        case .shared: "&RING"
        }
      }
      let name = "\(binding.row.family.moduleName)::\(binding.shortName)"
      return "    let _ = \(name)(\(arguments.joined(separator: ", ")));"
    }
    expectSame(imports(try build(.rust, Self.rust(calls.joined(separator: "\n")))), wanted(Self.safe))
  }

  private static func rust(_ body: String) -> String {
    """
    #![no_std]
    #![no_main]
    #![allow(unused_imports)]
    use aether_app::*;
    static RING: Ring<1040> = Ring::new();
    #[no_mangle]
    pub extern "C" fn main() -> i32 {
    \(body)
        RING.write(&[1]) as i32
    }

    """
  }
}
