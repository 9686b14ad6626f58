import AppABI
import AppFormat

/// The page that lists every function.
enum FunctionReference {
  static var text: String {
    var parts = [introduction]
    for family in NativeFamily.allCases {
      let bindings = Binding.of(family)
      if bindings.isEmpty { continue }
      let summary = family.summary.isEmpty ? "" : family.summary + "\n\n"
      parts.append("## \(family.title)\n\n" + summary + table(bindings))
    }
    parts.append("## Constants\n\n" + constants)
    return parts.joined(separator: "\n") + "\n"
  }

  private static var introduction: String {
    """
    # Functions that apps can call

    \(BindingFiles.notice)
    How to write an app: [apps.md](apps.md#writing-an-app).

    \(NativeTable.functions.count) functions. `SDK/apps` has them as a C header, as Swift and as Rust. Parameters: `x` is a number of 32
    bits, `x: u32` one without a sign, `text$` a text that ends with a zero byte, `data[]` an address and a length that the
    host reads, `into[]=` the same that the host writes, `key[32]` and `digest[32]=` an address of so many bytes, `out[~]=` of
    as many as the bytes before, `ring[]&` memory that is shared until it is given back.

    Results are 0 or more, or an error below 0, unless another type is named. Errors that the host's checks give before the
    function is reached: EPERM, none of the capabilities is granted; EAGAIN, the calls of the rate class are used up for the
    moment; EFAULT, an address outside of the app's memory, or a text of more than \(NativeTable.textBytesMax) bytes; ENODEV, ENOSYS and
    ENOTSUP, there is no such device, it is not built, or it is refused by policy. Functions that give an address give 0
    instead, and those that give nothing do nothing. EINVAL, a number out of range, may come from every function with
    parameters.

    Rate classes, in calls a second, and as many at once: \(RateClass.allCases.map { "\($0.name) \($0.callsPerSecond)" }.joined(separator: ", ")).
    Calls of \(RateClass.allCases.filter(\.waits).map(\.name).joined(separator: " and ")) that come too early wait for their turn; others are refused.

    """
  }

  private static func table(_ bindings: [Binding]) -> String {
    MarkdownTable(
      ["function", "parameters", "gives", "capability", "rate", "meaning", "errors of the checks"],
      bindings.map { binding in
        let row = binding.row
        let name = row.module == "env" ? "`\(row.name)`" : "`\(row.module)` `\(row.name)`"
        return [
          name, row.parameters.map { "`\(spelling($0))`" }.joined(separator: " "), result(row.result, binding),
          CapabilityRegistry().names(of: row.capabilities).joined(separator: " or "), row.rate?.name ?? "",
          row.summary, binding.commonErrors.joined(separator: ", "),
        ]
      }
    ).text
  }

  private static func result(_ result: NativeResult, _ binding: Binding) -> String {
    switch result {
    case .nothing: "nothing"
    case .int32: binding.canFail ? "" : "any number"
    case .int64: "64 bits"
    case .address: "address"
    }
  }

  private static func spelling(_ parameter: NativeParameter) -> String {
    switch parameter.kind {
    case .int32: parameter.name
    case .uint32: "\(parameter.name): u32"
    case .int64: "\(parameter.name): i64"
    case .text: "\(parameter.name)$"
    case .bytes: "\(parameter.name)[]"
    case .buffer: "\(parameter.name)[]="
    case .input(let count): "\(parameter.name)[\(count)]"
    case .output(let count): "\(parameter.name)[\(count)]="
    case .outputLike: "\(parameter.name)[~]="
    case .shared: "\(parameter.name)[]&"
    }
  }

  private static var constants: String {
    MarkdownTable(
      ["name", "value", "meaning"], NativeTable.constants.map { ["`\($0.name)`", "\($0.value)", $0.summary] }
    ).text
  }
}

/// A table whose columns stand one below the other.
struct MarkdownTable {
  var titles: [String]
  var rows: [[String]]

  init(_ titles: [String], _ rows: [[String]]) {
    self.titles = titles
    self.rows = rows.map { $0.map { $0.replacing("|", with: "\\|") } }
  }

  var text: String {
    let widths = titles.indices.map { column in ([titles] + rows).map { $0[column].count }.max() ?? 0 }
    func line(_ cells: [String]) -> String {
      let padded = zip(cells, widths).map { cell, width in cell + String(repeating: " ", count: width - cell.count) }
      return "| " + padded.joined(separator: " | ") + " |\n"
    }
    return line(titles) + line(widths.map { String(repeating: "-", count: $0) }) + rows.map(line).joined()
  }
}
