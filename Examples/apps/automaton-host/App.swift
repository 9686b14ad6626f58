/// A door, or whatever the rows say. Commands come as text: `event NAME`, `state`, `row N FROM EVENT TO` (in place of the N-th
/// row, kept in the settings), `reset`, `stop`. The answer is `state NAME`, `refused EVENT in NAME` or `unknown`.
@c(main) public func main() -> Int32 {
  do throws(AppError) {
    try run()
    return 0
  } catch {
    Log.error(text: Line("automaton-host: ends with error ").add(error.code).text)
    return error.code
  }
}

/// States, events and the table between them. The first row's state is the initial one; `*` stands for every state.
struct Machine {
  struct Row {
    var from: [UInt8]
    var event: [UInt8]
    var to: [UInt8]

    /// `FROM EVENT TO`.
    init?(_ text: [UInt8]) {
      let words = text.split(separator: 32)
      guard words.count == 3 else { return nil }
      from = Array(words[0])
      event = Array(words[1])
      to = Array(words[2])
    }
  }

  static let rowsMax = 16
  var rows: [Row]
  var state: [UInt8]

  init(_ rows: [Row]) {
    self.rows = rows
    state = rows.first?.from ?? []
  }

  static var door: [Row] {
    let texts: [StaticString] = [
      "closed open opened", "opened close closed", "closed lock locked", "locked unlock closed", "* alarm locked",
    ]
    return texts.compactMap { Row($0.bytes) }
  }

  /// The first row that fits decides; without one nothing happens.
  mutating func handle(_ event: [UInt8]) -> Bool {
    for row in rows where row.event == event && (row.from == state || row.from == [42]) {
      state = row.to
      return true
    }
    return false
  }
}

func rowKey(_ number: Int) -> Text { Line("row").add(Int32(number)).text }

func load() throws(AppError) -> Machine {
  var rows = Machine.door
  for number in 0..<Machine.rowsMax {
    guard let text = try Settings.text(rowKey(number)), let row = Machine.Row(text) else { continue }
    if number < rows.count { rows[number] = row } else { rows.append(row) }
  }
  var machine = Machine(rows)
  if let state = try Settings.text("state"), !state.isEmpty { machine.state = state }
  return machine
}

func run() throws(AppError) {
  let name = try Apps.ownName()
  let commands = Line(name).add(".cmd").text
  let answers = Line(name).add(".evt").text
  try Messages.subscribe(topic: commands)
  var machine = try load()
  Log.info(text: Line("automaton-host: state ").add(machine.state).text)
  while true {
    guard let command = try Messages.next(commands, timeout: -1) else { continue }
    let answer = try answer(command, &machine)
    try Messages.send(answer, to: answers)
    if command.begins(with: "stop") {
      try Messages.unsubscribe(topic: commands)
      return
    }
  }
}

func answer(_ command: [UInt8], _ machine: inout Machine) throws(AppError) -> Line {
  if command.begins(with: "event ") {
    let event = Array(command.dropFirst(6))
    guard machine.handle(event) else { return Line("refused ").add(event).add(" in ").add(machine.state) }
    try Settings.keep("state", Line(machine.state))
  } else if command.begins(with: "row ") {
    let rest = Array(command.dropFirst(4))
    let words = rest.split(separator: 32, maxSplits: 1)
    guard words.count == 2, let number = Array(words[0]).number, number >= 0, number < Int32(Machine.rowsMax),
      Machine.Row(Array(words[1])) != nil
    else { return Line("unknown") }
    try Settings.keep(rowKey(Int(number)), Line(Array(words[1])))
    machine = try load()
  } else if command.begins(with: "reset") {
    machine.state = machine.rows.first?.from ?? []
    try Settings.keep("state", Line(machine.state))
  } else if !command.begins(with: "state"), !command.begins(with: "stop") {
    return Line("unknown")
  }
  return Line("state ").add(machine.state)
}
