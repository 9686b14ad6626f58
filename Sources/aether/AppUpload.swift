import AppFormat
import Glibc
import HTTPClient
import JSON
import Model

/// Sends the bytes of an app to a daemon, in pieces that go on where they stopped.
enum AppUpload {
  static let bytesMax = 64 << 20
  private static let pieceBytes = 1 << 20
  /// Attempts of one piece.
  private static let attemptsMax = 5

  static func read(_ file: String) throws(APIError) -> [UInt8] {
    guard let bytes = try File.read(file, sizeMax: bytesMax) else {
      throw APIError(.invalid, "\(file): there is nothing in there")
    }
    guard bytes.count <= bytesMax else {
      throw APIError(.tooLarge, "\(file): has \(bytes.count) bytes; at most \(bytesMax) are accepted")
    }
    if AheadOfTimeImage.begins(bytes) { throw APIError(.invalid, "\(file): \(AppFormatError.aheadOfTimeImage)") }
    let isModule = bytes.starts(with: [0x00, 0x61, 0x73, 0x6D])
    guard isModule || bytes.starts(with: [0x1F, 0x8B]) else {
      throw APIError(.invalid, "\(file): is neither a module (.wasm) nor a package (.akpkg)")
    }
    return bytes
  }

  /// - Returns: the number of the upload, which is complete and waits to be committed.
  static func send(_ bytes: [UInt8], of file: String, _ client: APIClient) async throws -> String {
    let begun = try await client.call("POST", "/v1/app-uploads", body: ["size": .integer(Int64(bytes.count))])
    let id = begun["id"]?.stringValue ?? ""
    let showsProgress = isatty(STDERR_FILENO) == 1 && bytes.count > pieceBytes
    var (received, attempts) = (0, 0)
    while received < bytes.count {
      let end = min(bytes.count, received + pieceBytes)
      do {
        let answer = try await client.call(
          "PUT", "/v1/app-uploads/\(id)?offset=\(received)", bytes: Array(bytes[received..<end]))
        received = Int(answer["received"]?.integerValue ?? 0)
        attempts = 0
      } catch let error as APIError where error.code == .unavailable && attempts < attemptsMax {
        attempts += 1
        try await Task.sleep(for: .milliseconds(200 << attempts))
        let status = try? await client.call("GET", "/v1/app-uploads/\(id)")
        received = status?["received"]?.integerValue.map { Int($0) } ?? received
      }
      if showsProgress {
        let line = "\r\(file): \(received * 100 / bytes.count) %" + (received == bytes.count ? "\n" : "")
        try? Output.write(Array(line.utf8), to: STDERR_FILENO)
      }
    }
    return id
  }

  /// Uploads it, and gives what a resource names as its source.
  static func artifact(_ bytes: [UInt8], of file: String, _ client: APIClient) async throws -> String {
    let id = try await send(bytes, of: file, client)
    let artifact = try await client.call("POST", "/v1/app-uploads/\(id)/commit")
    return artifact["artifact"]?.stringValue ?? ""
  }
}
