/// Reads the temperature twice a second, shows it, and decides whether to heat. `set 21.5`, `get` and `stop` are its commands;
/// each is answered with `temperature 20.9 target 21.5 heating 1`.
@c(main) public func main() -> Int32 {
  do throws(AppError) {
    try run()
    return 0
  } catch {
    Log.error(text: Line("thermostat: ends with error ").add(error.code).text)
    return error.code
  }
}

/// The decision, apart from where numbers come from. All are thousandths of a degree.
struct Controller {
  var target: Int32 = 21_000
  var isHeating = false

  /// Half a degree on both sides keeps the heater from being switched all the time.
  mutating func decide(_ temperature: Int32) {
    if temperature <= target - 500 { isHeating = true }
    if temperature >= target + 500 { isHeating = false }
  }
}

func run() throws(AppError) {
  let name = try Apps.ownName()
  let commands = Line(name).add(".cmd").text
  let answers = Line(name).add(".evt").text
  try Messages.subscribe(topic: commands)
  var controller = Controller()
  if let kept = try Settings.text("target")?.number { controller.target = kept }
  Log.info(text: Line("thermostat: target ").add(thousandths: controller.target).text)
  while true {
    let temperature = try readTemperature()
    controller.decide(temperature)
    do throws(AppError) {
      try draw(temperature, controller)
    } catch {
      // Many commands at once redraw more often than the host allows; the next turn draws again.
      if error != .eagain { throw error }
    }
    guard let command = try Messages.next(commands, timeout: 500) else { continue }
    if let wanted = thousandths(in: command, after: "set") {
      controller.target = max(5_000, min(35_000, wanted))
      try Settings.keep("target", Line().add(controller.target))
      controller.decide(temperature)
    }
    let answer = Line("temperature ").add(thousandths: temperature).add(" target ").add(thousandths: controller.target)
      .add(" heating ").add(controller.isHeating ? Int32(1) : 0)
    try Messages.send(answer, to: answers)
    if command.begins(with: "stop") {
      try Messages.unsubscribe(topic: commands)
      return
    }
  }
}

/// The host says −2^31 when there is no value, and −1 when the capability is missing.
func readTemperature() throws(AppError) -> Int32 {
  let value = Sensors.read(channel: Constant.sensorAmbientTemp)
  if value == Int32.min { throw .enodev }
  if value == -AppError.eperm.code { throw .eperm }
  return value
}

func draw(_ temperature: Int32, _ controller: Controller) throws(AppError) {
  let width = Display.width
  try Display.clear(color: rgb(0, 0, 0))
  try Display.textLarge(
    x: 8, y: 8, text: Line().add(thousandths: temperature).add(" C").text, color: rgb(255, 255, 255))
  try Display.text(
    x: 8, y: 34, text: Line("set to ").add(thousandths: controller.target).text, color: rgb(160, 160, 160))
  // From 5 to 35 degrees.
  try Display.progressBar(
    x: 8, y: 50, width: width - 16, height: 10, value: max(0, temperature - 5_000) / 100, maximum: 300,
    color: controller.isHeating ? rgb(255, 96, 0) : rgb(0, 128, 255), background: rgb(32, 32, 32))
  try Display.flush()
}

extension Display {
  static var width: Int32 {
    do throws(AppError) { return try getWidth() } catch { return 240 }
  }
}

/// The number behind a word, in thousandths: `set 21.5` gives 21 500.
func thousandths(in text: [UInt8], after word: StaticString) -> Int32? {
  guard text.begins(with: word) else { return nil }
  var rest = text[...].dropFirst(word.utf8CodeUnitCount)
  while let byte = rest.first, byte != 45, byte < 48 || byte > 57 { rest = rest.dropFirst() }
  let isNegative = rest.first == 45
  if isNegative { rest = rest.dropFirst() }
  var value: Int32 = 0
  var digits = 0
  // −1: before the point; then so many places are left.
  var placesLeft = -1
  while let byte = rest.first, digits < 6, placesLeft != 0 {
    rest = rest.dropFirst()
    if byte == 46, placesLeft < 0 {
      placesLeft = 3
      continue
    }
    guard byte >= 48, byte <= 57 else { break }
    value = value * 10 + Int32(byte - 48)
    digits += 1
    if placesLeft > 0 { placesLeft -= 1 }
  }
  if digits == 0 { return nil }
  for _ in 0..<(placesLeft < 0 ? 3 : placesLeft) { value = value &* 10 }
  return isNegative ? -value : value
}
