import Glibc
import HTTP
import HTTPClient
import HTTPServer
import Model
import Net
import Store

/// What the user of a daemon may ask it on its own machine, without a token: a Unix socket in the runtime folder that
/// only that user can open.
enum ControlSocket {
  private static let pathBytesMax = 4096

  /// Serves it.
  static func bind(_ paths: Configuration.Paths, group: EventLoopGroup, store: ResourceStore) throws -> HTTPServer {
    let routes = [
      Route(.post, "/backup") { request, _ in
        let directory = String(decoding: try await request.body.collect(upTo: pathBytesMax), as: UTF8.self)
        guard directory.hasPrefix("/") else { throw HTTPFailure(.badRequest, "the folder is not an absolute path") }
        do {
          return HTTPResponse(contentType: "text/plain", Array(try await store.backup(to: directory).summary.utf8))
        } catch let error as StoreError {
          throw HTTPFailure(.conflict, error.apiError.message)
        }
      }
    ]
    var configuration = HTTPServerConfiguration()
    configuration.unixMode = 0o600
    configuration.renderFailure = { failure, _ in
      HTTPResponse(failure.status, contentType: "text/plain", Array(failure.message.utf8))
    }
    return try HTTPServer.bind(
      .unix(paths.control), group: group, configuration: configuration, router: Router(routes))
  }

  /// Asks the daemon that runs on these folders for a backup.
  /// - Returns: what it says of the backup; nil when no daemon runs.
  static func backup(to directory: String, _ paths: Configuration.Paths) async throws -> String? {
    guard access(paths.control, F_OK) == 0 else { return nil }
    let client = try HTTPClient(options: HTTPClient.Options(unixSocketPath: paths.control))
    defer { client.close() }
    let response: HTTPClient.CompleteResponse
    do {
      response = try await client.fetch(
        HTTPClient.Request("POST", "http://localhost/backup", body: .bytes(Array(directory.utf8))))
    } catch {
      // Nobody listens: a daemon that was killed left it.
      if [.connectionRefused, .connectionFailed].contains(error.kind) { return nil }
      throw error
    }
    guard response.isSuccess else { throw APIError(.unavailable, response.text) }
    return response.text
  }
}

extension StoreBackup {
  /// One line for people.
  var summary: String { "revision \(revision), \(files.count) files, \(byteCount) bytes" }
}
