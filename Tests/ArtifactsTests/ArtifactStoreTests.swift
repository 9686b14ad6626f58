import Bytes
import Crypto
import Foundation
import Testing

@testable import Artifacts

@Suite struct ArtifactStoreTests {
  private func withStore(
    _ limits: ArtifactStore.Limits = ArtifactStore.Limits(), _ body: (ArtifactStore, String) async throws -> Void
  ) async throws {
    let root = "/tmp/aether-artifacts-\(UUID().uuidString.prefix(8))"
    defer { try? FileManager.default.removeItem(atPath: root) }
    try await body(try ArtifactStore(root: root, limits: limits), root)
  }

  private func hex(_ bytes: [UInt8]) -> String { Hex.encode(Digest.sha256(bytes)) }

  @Test func piecesBecomeAnArtifact() async throws {
    try await withStore { store, _ in
      let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      let upload = try await store.begin(owner: "ada", size: bytes.count, digest: hex(bytes))
      #expect(try await store.write(upload.id, owner: "ada", offset: 0, Array(bytes[..<60_000])) == 60_000)
      // A client that is not sure may go back, but not leave a hole.
      #expect(try await store.write(upload.id, owner: "ada", offset: 50_000, Array(bytes[50_000..<70_000])) == 70_000)
      await #expect(throws: ArtifactError.wrongOffset(received: 70_000)) {
        try await store.write(upload.id, owner: "ada", offset: 70_001, [1])
      }
      await #expect(throws: ArtifactError.incomplete(received: 70_000, size: 100_000)) {
        try await store.commit(upload.id, owner: "ada")
      }
      try await store.write(upload.id, owner: "ada", offset: 70_000, Array(bytes[70_000...]))
      await #expect(throws: ArtifactError.pastEnd(size: 100_000)) {
        try await store.write(upload.id, owner: "ada", offset: 100_000, [1])
      }
      let artifact = try await store.commit(upload.id, owner: "ada")
      #expect(artifact == StoredArtifact(digest: hex(bytes), size: bytes.count))
      #expect(try await store.bytes(of: artifact.digest, owner: "ada") == bytes)
      #expect(await store.artifacts(owner: "ada") == [artifact])
      await #expect(throws: ArtifactError.noUpload(upload.id)) { try await store.upload(upload.id, owner: "ada") }
      // What one owner has, no other can get, whatever it knows.
      await #expect(throws: ArtifactError.noArtifact(artifact.digest)) {
        try await store.bytes(of: artifact.digest, owner: "bob")
      }
    }
  }

  @Test func uploadsGoOnAfterARestart() async throws {
    try await withStore { first, root in
      let bytes = Array("the first half, the second half".utf8)
      let upload = try await first.begin(owner: "ada", size: bytes.count)
      try await first.write(upload.id, owner: "ada", offset: 0, Array(bytes[..<15]))
      let second = try ArtifactStore(root: root)
      #expect(try await second.upload(upload.id, owner: "ada").received == 15)
      await #expect(throws: ArtifactError.noUpload(upload.id)) { try await second.upload(upload.id, owner: "bob") }
      try await second.write(upload.id, owner: "ada", offset: 15, Array(bytes[15...]))
      #expect(try await second.commit(upload.id, owner: "ada").digest == hex(bytes))
    }
  }

  @Test func limitsHold() async throws {
    var limits = ArtifactStore.Limits()
    limits.artifactBytesMax = 1000
    limits.ownerBytesMax = 1500
    limits.uploadsMax = 2
    try await withStore(limits) { store, root in
      await #expect(throws: ArtifactError.tooLarge(bytes: 1001, bytesMax: 1000)) {
        try await store.begin(owner: "ada", size: 1001)
      }
      let open = try await store.begin(owner: "ada")
      await #expect(throws: ArtifactError.tooLarge(bytes: 1001, bytesMax: 1000)) {
        try await store.write(open.id, owner: "ada", offset: 0, [UInt8](repeating: 1, count: 1001))
      }
      let wrong = try await store.begin(owner: "ada", digest: hex([1]))
      await #expect(throws: ArtifactError.tooManyUploads(max: 2)) { try await store.begin(owner: "ada") }
      try await store.write(wrong.id, owner: "ada", offset: 0, [2])
      await #expect(throws: ArtifactError.digestMismatch(hex([2]))) { try await store.commit(wrong.id, owner: "ada") }
      try await store.abort(open.id, owner: "ada")
      await #expect(throws: ArtifactError.noUpload("../../x")) { try await store.upload("../../x", owner: "ada") }
      await #expect(throws: ArtifactError.noArtifact("../x")) { try await store.bytes(of: "../x", owner: "ada") }
      for value in 1...3 {
        let upload = try await store.begin(owner: "ada")
        try await store.write(upload.id, owner: "ada", offset: 0, [UInt8](repeating: UInt8(value), count: 700))
        _ = try await store.commit(upload.id, owner: "ada")
        // What was used longest ago goes, and files tell when by the clock.
        try await Task.sleep(for: .milliseconds(30))
      }
      let kept = await store.artifacts(owner: "ada").map(\.digest)
      #expect(Set(kept) == Set([2, 3].map { hex([UInt8](repeating: $0, count: 700)) }))
      let left = try FileManager.default.subpathsOfDirectory(atPath: root).filter { $0.contains("uploads/") }
      #expect(left.isEmpty)
    }
  }

  /// Nobody asks: neither for an upload of this store nor for one that an earlier store has left. Artifacts stay.
  @Test func idleUploadsGoByThemselves() async throws {
    try await withStore { first, root in
      let left = try await first.begin(owner: "ada", size: 10)
      try await first.write(left.id, owner: "ada", offset: 0, [1, 2])
      let whole = try await first.begin(owner: "bob")
      try await first.write(whole.id, owner: "bob", offset: 0, [3])
      let artifact = try await first.commit(whole.id, owner: "bob")
      func waitUntilGone() async throws {
        for _ in 0..<3000 {
          let files = try FileManager.default.subpathsOfDirectory(atPath: root).filter { $0.contains("uploads/") }
          if files.isEmpty { return }
          try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("uploads stay")
      }
      var limits = ArtifactStore.Limits()
      limits.idleSeconds = 1
      let second = try ArtifactStore(root: root, limits: limits)
      try await waitUntilGone()
      for owner in ["bob", "eve"] {
        let upload = try await second.begin(owner: owner, size: 10)
        try await waitUntilGone()
        await #expect(throws: ArtifactError.noUpload(upload.id)) { try await second.upload(upload.id, owner: owner) }
      }
      #expect(await second.artifacts(owner: "bob") == [artifact])
    }
  }
}
