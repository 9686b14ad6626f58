import Crypto
import Foundation
import JSON
import Synchronization
import Testing

@testable import Identity

/// Clocks that the test moves.
private final class HandClock: Sendable {
  private let passed = Mutex<Int64>(0)
  let start = UnixTime(1_800_000_000)

  func advance(_ seconds: Int64) { passed.withLock { $0 += seconds } }

  var now: UnixTime { UnixTime(start.seconds + passed.withLock { $0 }) }

  var clock: TokenVerifier.Clock {
    TokenVerifier.Clock(now: { self.now }, elapsed: { .seconds(self.passed.withLock { $0 }) })
  }
}

/// An issuer whose published keys and health the test changes.
private final class Publisher: Sendable {
  private struct State {
    var document: [UInt8] = []
    var failing = false
    var fetches = 0
  }
  private let state = Mutex(State())

  func publish(_ keys: [JSONWebKey]) throws {
    let document = try KeySet(keys).json().bytes()
    state.withLock { $0.document = document }
  }

  func fail(_ failing: Bool) { state.withLock { $0.failing = failing } }
  var fetches: Int { state.withLock { $0.fetches } }

  var source: KeySetSource {
    KeySetSource {
      try self.state.withLock { state in
        state.fetches += 1
        if state.failing { throw IdentityError.keysUnavailable("connection refused") }
        return state.document
      }
    }
  }
}

private func claims(_ subject: String, from now: UnixTime, life: Int64 = 3600) -> JSONObject {
  [
    "iss": "https://idp.example", "sub": .string(subject), "aud": "aether", "exp": .integer(now.seconds + life),
    "iat": .integer(now.seconds),
  ]
}

private let policy = ClaimsPolicy(issuer: "https://idp.example", audience: "aether")

@Suite struct TokenVerifierTests {
  @Test func verifiesRemembersAndForgets() async throws {
    let clock = HandClock()
    let publisher = Publisher()
    let old = try PrivateKey.generate(.p256)
    let new = try PrivateKey.generate(.ed25519)
    try publisher.publish([JSONWebKey(old.publicKey, keyID: "old")])
    let verifier = TokenVerifier([.init(policy: policy, keys: publisher.source)], clock: clock.clock)
    let token = try CompactJWS.sign(claims("ann", from: clock.now), with: old, keyID: "old")

    #expect(verifier.recall(token) == nil)
    #expect(try await verifier.verify(token).owner == "ann")
    #expect(verifier.recall(token)?.owner == "ann")
    #expect(try await verifier.verify(token).owner == "ann")
    #expect(publisher.fetches == 1)

    // Rotation: an unknown key makes one fetch, and what the withdrawn key signed is refused from then on.
    clock.advance(60)
    try publisher.publish([JSONWebKey(new.publicKey, keyID: "new")])
    let second = try CompactJWS.sign(claims("ben", from: clock.now), with: new, keyID: "new")
    #expect(try await verifier.verify(second).owner == "ben")
    #expect(publisher.fetches == 2 && verifier.recall(token) == nil)
    clock.advance(60)
    await #expect(throws: IdentityError.unknownKey) { try await verifier.verify(token) }

    // Stale if error: the issuer is down, the keys are old, tokens still work.
    publisher.fail(true)
    clock.advance(700)
    #expect(verifier.recall(second) == nil)
    #expect(try await verifier.verify(second).owner == "ben")

    // A remembered token is not good beyond its own end.
    publisher.fail(false)
    clock.advance(10)
    let short = try CompactJWS.sign(claims("cat", from: clock.now, life: 20), with: new, keyID: "new")
    #expect(try await verifier.verify(short).owner == "cat")
    clock.advance(51)
    #expect(verifier.recall(short) == nil)
    let error = await #expect(throws: IdentityError.self) { try await verifier.verify(short) }
    guard case .claimRejected("exp", _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func refusesForeignTokens() async throws {
    let clock = HandClock()
    let publisher = Publisher()
    let key = try PrivateKey.generate(.ed25519)
    let foreign = try PrivateKey.generate(.ed25519)
    try publisher.publish([JSONWebKey(key.publicKey, keyID: "1")])
    let verifier = TokenVerifier([.init(policy: policy, keys: publisher.source)], clock: clock.clock)
    let forged = try CompactJWS.sign(claims("eve", from: clock.now), with: foreign, keyID: "1")
    await #expect(throws: IdentityError.badSignature) { try await verifier.verify(forged) }
    var other = claims("eve", from: clock.now)
    other["iss"] = "https://elsewhere.example"
    let elsewhere = try CompactJWS.sign(other, with: key, keyID: "1")
    await #expect(throws: IdentityError.self) { try await verifier.verify(elsewhere) }
    await #expect(throws: IdentityError.self) { try await verifier.verify(String(repeating: "x", count: 100_000)) }
    #expect(verifier.recall(forged) == nil)
  }

  @Test func unavailableIssuerIsNotARefusal() async throws {
    let clock = HandClock()
    let key = try PrivateKey.generate(.ed25519)
    let hanging = KeySetSource {
      try await Task.sleep(for: .seconds(3600))
      return []
    }
    let verifier = TokenVerifier(
      [.init(policy: policy, keys: hanging)], options: .init(fetchTimeout: .milliseconds(50)), clock: clock.clock)
    let token = try CompactJWS.sign(claims("ann", from: clock.now), with: key)
    let error = await #expect(throws: IdentityError.self) { try await verifier.verify(token) }
    #expect(error?.isRefusal == false)
  }

  @Test func manyCallersShareOneFetch() async throws {
    let clock = HandClock()
    let publisher = Publisher()
    let key = try PrivateKey.generate(.ed25519)
    try publisher.publish([JSONWebKey(key.publicKey, keyID: "1")])
    let verifier = TokenVerifier(
      [.init(policy: policy, keys: publisher.source)], options: .init(rememberedMax: 10), clock: clock.clock)
    let now = clock.now
    try await withThrowingTaskGroup(of: String.self) { group in
      for index in 0..<100 {
        let token = try CompactJWS.sign(claims("user-\(index)", from: now), with: key, keyID: "1")
        group.addTask { try await verifier.verify(token).owner }
      }
      var owners: Set<String> = []
      for try await owner in group { owners.insert(owner) }
      #expect(owners.count == 100)
    }
    #expect(publisher.fetches == 1)
  }

  @Test func developmentIssuerAndFileSource() async throws {
    try await withTemporaryDirectory { directory in
      let issuer = try DevelopmentIssuer.open("\(directory)/identity")
      #expect(try DevelopmentIssuer.open("\(directory)/identity").keySet == issuer.keySet)
      #expect(try permissions("\(directory)/identity/development-issuer.key") == 0o600)
      let verifier = TokenVerifier([try issuer.trusted()])
      let token = try issuer.issue(user: "ann", scopes: ["read", "write"], roles: ["admin"])
      let principal = try await verifier.verify(token)
      #expect(principal.owner == "ann" && principal.scopes == ["read", "write"] && principal.roles == ["admin"])
      #expect(throws: IdentityError.self) { try issuer.issue(user: "") }
      #expect(throws: IdentityError.self) { try issuer.issue(user: "a", lifetime: .seconds(90_000)) }
      #expect(throws: IdentityError.self) { try issuer.issue(user: "a", scopes: ["a b"]) }

      let path = "\(directory)/jwks.json"
      let fromFile = TokenVerifier([
        .init(
          policy: ClaimsPolicy(issuer: DevelopmentIssuer.issuerName, audience: "aether"), keys: .file(path))
      ])
      let error = await #expect(throws: IdentityError.self) { try await fromFile.verify(token) }
      #expect(error?.isRefusal == false)
      try Data(issuer.keySet.json().bytes()).write(to: URL(fileURLWithPath: path))
      let again = TokenVerifier([
        .init(
          policy: ClaimsPolicy(issuer: DevelopmentIssuer.issuerName, audience: "aether"), keys: .file(path))
      ])
      #expect(try await again.verify(token).owner == "ann")
    }
  }
}
