import AppABI
import Foundation
import Testing

@testable import AppBindings

/// The files for guests are what the table gives. `AETHER_WRITE_BINDINGS=1` writes them anew.
@Suite struct BindingFilesTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  @Test func filesAreWhatTheTableGives() throws {
    let writes = ProcessInfo.processInfo.environment["AETHER_WRITE_BINDINGS"] == "1"
    for (path, text) in BindingFiles.all {
      let file = Self.root.appendingPathComponent(path)
      if writes {
        try FileManager.default.createDirectory(
          at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
      }
      let kept = try String(contentsOf: file, encoding: .utf8)
      let difference = zip(kept.split(separator: "\n"), text.split(separator: "\n")).first { $0 != $1 }
      #expect(kept == text, "\(path) differs, first at: \(String(describing: difference))")
    }
  }

  @Test func everyFunctionHasASymbolOfItsOwn() {
    #expect(Binding.all.count == NativeTable.functions.count)
    #expect(Set(Binding.all.map(\.symbol)).count == Binding.all.count)
    #expect(Binding.all.contains { $0.symbol == "input_poll_event_alt" })
    #expect(Binding.all.contains { $0.symbol == "env_akira_display_clear" && $0.row.module == "env" })
    #expect(Binding.all.contains { $0.symbol == "host_memcpy" })
  }

  @Test func safeFormsHaveNamesOfTheirOwn() {
    var seen: Set<String> = []
    for binding in Binding.all where binding.hasSafeForm {
      #expect(seen.insert("\(binding.row.family.typeName).\(binding.shortName)").inserted, "\(binding.symbol)")
    }
    #expect(Set(NativeFamily.allCases.map(\.typeName)).count == NativeFamily.allCases.count)
  }

  @Test func listedExceptionsAreRows() {
    for name in Binding.plainNumbers {
      #expect(NativeTable.functions.contains { $0.name == name && $0.result == .int32 }, "\(name)")
    }
  }

  @Test func errorsAreTheConstantsThatBeginWithE() {
    #expect(ConstantGroups.errors.first?.name == "EPERM" && ConstantGroups.errors.last?.name == "ECANCELED")
    #expect(ConstantGroups.errors.count + ConstantGroups.others.count == NativeTable.constants.count)
  }
}
