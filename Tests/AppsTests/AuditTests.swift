import Testing

@testable import Apps

@Suite struct AuditTests {
  @Test func oneAppDoesNotPushOthersOut() {
    // Room for what one app may say in 50 seconds.
    let audit = AuditLog(capacity: 1000)
    audit.note(.appStarted, app: "quiet", detail: "1.0")
    for index in 0..<5000 {
      audit.note(.capabilityDenied, app: "loud", detail: index % 2 == 0 ? "gpio_write" : "ota_rollback")
    }
    #expect(audit.entries.first?.app == "quiet")
    #expect(audit.isIntact)
  }

  @Test func equalEventsAreCounted() {
    let audit = AuditLog()
    for _ in 0..<1000 { audit.note(.capabilityDenied, app: "a", detail: "gpio_write") }
    #expect(audit.entries.map(\.count) == [1000])
    #expect(audit.isIntact)
  }

  @Test func whatTheHostDoesIsNeverLeftOut() {
    let audit = AuditLog(capacity: 1000)
    for index in 0..<100 {
      audit.note(.appStarted, app: "a", detail: "\(index)")
      audit.note(.appStopped, app: "a", detail: "\(index)")
    }
    #expect(audit.entries.count == 200)
  }
}
