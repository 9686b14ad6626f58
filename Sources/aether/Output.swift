import Arguments
import Glibc
import JSON
import Model
import YAML

/// How results are printed.
enum OutputForm: String, CaseIterable {
  case table, wide, json, yaml, name

  static let option = Option.value(
    "output", "o", "FORM", "Form of the result", default: "table", choices: OutputForm.allCases.map(\.rawValue))

  init(_ arguments: ParsedArguments) { self = arguments.value("output").flatMap(OutputForm.init(rawValue:)) ?? .table }
}

enum Output {
  static func write(_ text: String) { write(Array(text.utf8)) }

  static func write(_ bytes: [UInt8], to descriptor: Int32 = STDOUT_FILENO) {
    var offset = 0
    while offset < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress?.advanced(by: offset), $0.count - offset)
      }
      if count > 0 {
        offset += count
      } else if errno == EAGAIN {
        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&ready, 1, 1000)
      } else if errno != EINTR {
        return
      }
    }
  }

  static func error(_ text: String) { write(Array("aether: \(text)\n".utf8), to: STDERR_FILENO) }

  /// Prints resources in the form asked for.
  ///
  /// - Parameter asList: whether JSON shows a list even for one resource.
  static func resources(_ items: [JSON], _ kind: KindDescription, _ form: OutputForm, asList: Bool = true) {
    switch form {
    case .json:
      let value: JSON = !asList && items.count == 1 ? items[0] : ["items": .array(items)]
      write(value.text(.pretty) + "\n")
    case .yaml: write(YAML.text(documents: items))
    case .name:
      for item in items { write("\(kind.singular) \(item["metadata"]?["name"]?.stringValue ?? "")\n") }
    case .table, .wide:
      guard !items.isEmpty else {
        Output.error("no \(kind.plural)")
        return
      }
      let columns = kind.columns.filter { form == .wide || !$0.isWide }
      var table = Table(columns.map(\.title))
      let now = Timestamp.now()
      for item in items { table.add(columns.map { $0.cell(of: item, now: now) }) }
      write(table.text)
    }
  }
}
