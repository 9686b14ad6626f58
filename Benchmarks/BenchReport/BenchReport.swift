import Glibc
import JSON

/// What a benchmark found: rows for the screen and for `bench/results/NAME.json`.
public struct BenchReport: Sendable {
  public struct Row: Sendable {
    public var metric: String
    public var unit: String
    public var ours: Double
    public var peer: Double?
    public var peerName: String?
    /// Ours divided by the peer's.
    public var ratio: Double? { peer.flatMap { $0 == 0 ? nil : ours / $0 } }
    /// What is aimed at, in words and figures.
    public var aim: String
    public var runs: Int
    /// Distance between the largest and the smallest of our runs, as a share of the median.
    public var spread: Double
  }

  public let name: String
  public let machine: String
  public private(set) var rows: [Row] = []

  public init(name: String) {
    self.name = name
    machine = BenchReport.describeMachine()
  }

  /// Adds the medians of runs; ours and the peer's should have taken turns.
  public mutating func add(
    _ metric: String, unit: String, ours: Samples, peer: Samples? = nil, peerName: String? = nil, aim: String = ""
  ) {
    rows.append(
      Row(
        metric: metric, unit: unit, ours: ours.median, peer: peer?.median, peerName: peerName, aim: aim,
        runs: ours.count, spread: ours.spread))
  }

  public var json: JSON {
    let rows = rows.map { row -> JSON in
      [
        "metric": .string(row.metric), "unit": .string(row.unit), "ours": .number(row.ours),
        "peer": row.peer.map { .number($0) } ?? .null, "peerName": row.peerName.map { .string($0) } ?? .null,
        "ratio": row.ratio.map { .number($0) } ?? .null, "aim": .string(row.aim), "runs": .integer(Int64(row.runs)),
        "spread": .number(row.spread),
      ]
    }
    return ["machine": .string(machine), "rows": .array(rows)]
  }

  /// The rows as aligned text.
  public var table: String {
    let head = ["METRIC", "UNIT", "OURS", "PEER", "RATIO", "SPREAD", "RUNS", "AIM"]
    let lines =
      [head]
      + rows.map { row in
        [
          row.metric, row.unit, BenchReport.figure(row.ours),
          row.peer.map { "\(BenchReport.figure($0)) \(row.peerName ?? "")" } ?? "-",
          row.ratio.map { BenchReport.figure($0) } ?? "-", "\(Int((row.spread * 100).rounded())) %", "\(row.runs)",
          row.aim,
        ]
      }
    let widths = head.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
    let body = lines.map { line in
      zip(line, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
    }
    return ([machine] + body).joined(separator: "\n")
  }

  /// Prints the table, and writes the JSON form when a path is given; its directory must exist.
  ///
  /// - Returns: `false` when the file could not be written; a message was printed.
  public func finish(writingTo path: String?) -> Bool {
    print(table)
    guard let path else { return true }
    guard let file = fopen(path, "w") else {
      print("\(name): cannot write \(path): \(String(cString: strerror(errno)))")
      return false
    }
    let isWritten = fputs(json.text(.pretty) + "\n", file) >= 0
    return fclose(file) == 0 && isWritten
  }

  /// Three significant digits, more only for what is left of the point.
  static func figure(_ value: Double) -> String {
    let size = abs(value)
    if size >= 100 || size == 0 { return String(Int(value.rounded())) }
    let digits = size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : 4
    let scale = (0..<digits).reduce(1.0) { result, _ in result * 10 }
    let scaled = Int((size * scale).rounded())
    let fraction = String(scaled % Int(scale))
    let sign = value < 0 ? "-" : ""
    return "\(sign)\(scaled / Int(scale)).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
  }

  private static func describeMachine() -> String {
    var system = utsname()
    uname(&system)
    let release = withUnsafeBytes(of: &system.release) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    var model = "unknown processor"
    if let file = fopen("/proc/cpuinfo", "r") {
      var line = [CChar](repeating: 0, count: 512)
      while fgets(&line, Int32(line.count), file) != nil {
        let text = String(decoding: line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if text.hasPrefix("model name"), let colon = text.firstIndex(of: ":") {
          model = String(text[text.index(colon, offsetBy: 2)...])
          break
        }
      }
      fclose(file)
    }
    var load = [Double](repeating: 0, count: 1)
    getloadavg(&load, 1)
    return "\(model), \(sysconf(Int32(_SC_NPROCESSORS_ONLN))) cores, Linux \(release), load \(figure(load[0])) at start"
  }
}
