/// Up, down, left and right turn; A begins anew; Home ends. Settings: `seed` (1), `step` in milliseconds (120), `best`.
@c(main) public func main() -> Int32 {
  do throws(AppError) {
    try run()
    return 0
  } catch {
    Log.error(text: Line("snake: ends with error ").add(error.code).text)
    return error.code
  }
}

let cell: Int32 = 10
/// Pixels above the field, for the score.
let header: Int32 = 16

func run() throws(AppError) {
  let columns = try Display.getWidth() / cell
  let rows = (try Display.getHeight() - header) / cell
  guard columns >= 6, rows >= 4 else { throw .enodev }
  var seed = UInt32(bitPattern: try Settings.text("seed")?.number ?? 1)
  let pause = max(50, min(1000, try Settings.text("step")?.number ?? 120))
  while true {
    var game = Game(columns: columns, rows: rows, seed: seed)
    try drawAll(game)
    while !game.isOver {
      try Time.sleepMs(milliseconds: pause)
      // All that was pressed since the last step; the last turn counts.
      let facing = game.direction
      while let button = try nextButton() {
        if button == Constant.buttonHome { return }
        if let turn = direction(button), turn != facing.opposite { game.turn(turn) }
      }
      if let change = game.step() { try draw(change, game) }
    }
    try finish(game)
    if !(try waitForAnother()) { return }
    seed = seed &* 1_664_525 &+ 1_013_904_223
  }
}

func direction(_ button: Int32) -> Direction? {
  switch button {
  case Constant.buttonUp: .up
  case Constant.buttonDown: .down
  case Constant.buttonLeft: .left
  case Constant.buttonRight: .right
  default: nil
  }
}

/// The next button that was pressed; `nil` when there is none.
func nextButton() throws(AppError) -> Int32? {
  var event = [UInt8](repeating: 0, count: 8)
  while try Input.pollEvent(event: &event) == 1 {
    if event[4] != 0 { return Int32(event[0]) }
  }
  return nil
}

func waitForAnother() throws(AppError) -> Bool {
  while true {
    try Time.sleepMs(milliseconds: 50)
    while let button = try nextButton() {
      if button == Constant.buttonA { return true }
      if button == Constant.buttonHome { return false }
    }
  }
}

// MARK: Drawing

func fill(_ place: Place, _ color: Int32) throws(AppError) {
  try Display.rect(
    x: place.x * cell, y: header + place.y * cell, width: cell - 1, height: cell - 1, color: color)
}

func drawAll(_ game: Game) throws(AppError) {
  try Display.clear(color: 0)
  try Display.hline(x: 0, y: header - 1, length: game.columns * cell, color: rgb(128, 128, 128))
  for place in game.body { try fill(place, rgb(0, 200, 0)) }
  try fill(game.food, rgb(255, 64, 64))
  try drawScore(game)
  try Display.flush()
}

func draw(_ change: Game.Change, _ game: Game) throws(AppError) {
  if let freed = change.freed { try fill(freed, 0) }
  try fill(change.head, rgb(0, 200, 0))
  if change.hasEaten {
    try fill(game.food, rgb(255, 64, 64))
    try drawScore(game)
  }
  try Display.flush()
}

func drawScore(_ game: Game) throws(AppError) {
  try Display.rect(x: 0, y: 0, width: game.columns * cell, height: header - 1, color: 0)
  try Display.text(x: 4, y: 2, text: Line("score ").add(game.score).text, color: rgb(255, 255, 255))
}

func finish(_ game: Game) throws(AppError) {
  let best = try Settings.text("best")?.number ?? 0
  if game.score > best { try Settings.keep("best", Line().add(game.score)) }
  Log.info(text: Line("snake: score ").add(game.score).add(", best ").add(max(best, game.score)).text)
  try Display.textLarge(x: 20, y: header + 30, text: "GAME OVER", color: rgb(255, 255, 0))
  try Display.text(x: 20, y: header + 56, text: "A: again, HOME: end", color: rgb(255, 255, 255))
  try Display.flush()
}
