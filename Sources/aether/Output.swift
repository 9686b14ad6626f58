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

/// Output that nobody takes.
enum OutputFailure: Error, Equatable {
  /// The reader has gone, as `head` does when it has enough.
  case readerGone
  /// errno of write(2), such as that of a full disk.
  case system(Int32)

  /// As for a program that SIGPIPE ended, so that scripts see nothing new.
  static let readerGoneStatus: Int32 = 128 + SIGPIPE
}

enum Output {
  static func write(_ text: String) throws(OutputFailure) { try write(Array(text.utf8)) }

  static func write(_ bytes: [UInt8], to descriptor: Int32 = STDOUT_FILENO) throws(OutputFailure) {
    var offset = 0
    while offset < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress?.advanced(by: offset), $0.count - offset)
      }
      if count > 0 {
        offset += count
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN:
        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&ready, 1, 1000)
      case EPIPE: throw .readerGone
      case let code: throw .system(code)
      }
    }
  }

  /// A message for people. One that cannot be printed changes nothing else.
  static func error(_ text: String) {
    try? write(Array("aether: \(Readable.plain(text))\n".utf8), to: STDERR_FILENO)
  }

  /// Prints resources in the form asked for.
  ///
  /// - Parameter asList: whether JSON shows a list even for one resource.
  static func resources(
    _ items: [JSON], _ kind: KindDescription, _ form: OutputForm, asList: Bool = true
  ) throws(OutputFailure) {
    if items.isEmpty, form == .table || form == .wide {
      error("no \(kind.plural)")
    } else {
      try write(form.text(of: items, kind, asList: asList, now: .now()))
    }
  }
}

extension OutputForm {
  /// Resources in this form.
  ///
  /// - Parameter asList: whether JSON shows a list even for one resource.
  func text(of items: [JSON], _ kind: KindDescription, asList: Bool, now: Timestamp) -> String {
    switch self {
    case .json:
      let value: JSON = !asList && items.count == 1 ? items[0] : ["items": .array(items)]
      return value.text(.pretty) + "\n"
    case .yaml: return YAML.text(documents: items)
    case .name:
      return items.map { "\(kind.singular) \($0["metadata"]?["name"]?.stringValue ?? "")\n" }.joined()
    case .table, .wide:
      let columns = kind.columns.filter { self == .wide || !$0.isWide }
      var table = Table(columns.map(\.title))
      for item in items { table.add(columns.map { $0.cell(of: item, now: now) }) }
      return table.text
    }
  }
}
