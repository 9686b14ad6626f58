/// Counts up once a second. Commands come as a word and, for `add`, a number.
@c(main) public func main() -> Int32 {
  do throws(AppError) {
    try run()
    return 0
  } catch {
    Log.error(text: Line("counter: ends with error ").add(error.code).text)
    return error.code
  }
}

func run() throws(AppError) {
  let name = try Apps.ownName()
  let commands = Line(name).add(".cmd").text
  let answers = Line(name).add(".evt").text
  try Messages.subscribe(topic: commands)
  var count = try Settings.text("count")?.number ?? 0
  Log.info(text: Line("counter: begins with ").add(count).text)
  while true {
    guard let command = try Messages.next(commands, timeout: 1000) else {
      count &+= 1
      try Settings.keep("count", Line().add(count))
      continue
    }
    if command.begins(with: "add ") { count &+= Array(command.dropFirst(4)).number ?? 0 }
    try Settings.keep("count", Line().add(count))
    try Messages.send(Line("count ").add(count), to: answers)
    if command.begins(with: "stop") {
      try Messages.unsubscribe(topic: commands)
      Log.info(text: Line("counter: stops at ").add(count).text)
      return
    }
  }
}
