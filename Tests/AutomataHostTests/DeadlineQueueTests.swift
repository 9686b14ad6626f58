import Testing

@testable import AutomataHost

@Suite struct DeadlineQueueTests {
  @Test func agreesWithASortedList() {
    var seed: UInt64 = 7
    func random(_ bound: Int) -> Int {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(seed >> 33) % bound
    }
    var queue = DeadlineQueue()
    var model: [Int: Int64] = [:]
    for _ in 0..<20_000 {
      let slot = random(50)
      let deadline: Int64? = random(5) == 0 ? nil : Int64(random(1000))
      queue.set(slot, deadline)
      model[slot] = deadline
      let expected = model.min { ($0.value, $0.key) < ($1.value, $1.key) }
      #expect(queue.first?.slot == expected?.key && queue.first?.deadline == expected?.value)
      #expect(queue.count == model.count)
    }
  }
}
