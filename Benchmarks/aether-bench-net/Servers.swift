import BenchReport
import Glibc

/// Where a server under test listens, and the process that it is.
struct Server {
  var process: RunningCommand
  var port: UInt16
  var scheme: String

  func url(_ path: String) -> String { "\(scheme)://127.0.0.1:\(port)\(path)" }
}

/// Starts the contenders, each with one thread that serves, on the first processor; the load runs on the others.
struct Servers {
  let directory: String
  let certificates: Certificates
  /// The folder with our programs.
  let programs: String
  let pins: Bool

  /// Our server.
  func ours(tls: Bool, arguments: [String] = []) async throws -> Server {
    let port = try freePort()
    let security = tls ? ["--tls", certificates.chain, certificates.key] : []
    let process = try Command(
      pinned([programs + "/aether-bench-server", "--port", "\(port)", "--loops", "1"] + security + arguments)
    ).start()
    return try await ready(Server(process: process, port: port, scheme: tls ? "https" : "http"))
  }

  /// nginx, tuned for the same single answer: one process, no log, connections kept.
  func nginx(tls: Bool, http2: Bool) async throws -> Server {
    let port = try freePort()
    let name = "\(directory)/nginx-\(port)"
    mkdir(name, 0o755)
    let listen = "listen 127.0.0.1:\(port) backlog=4096\(tls ? " ssl" : "")\(http2 ? " http2" : "")"
    let security =
      tls
      ? "ssl_certificate \(certificates.chain); ssl_certificate_key \(certificates.key); ssl_protocols TLSv1.3;" : ""
    let configuration = """
      daemon off; master_process off; worker_processes 1; pid \(name)/pid; error_log /dev/null;
      events { worker_connections 12000; multi_accept on; }
      http {
        access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
        client_body_temp_path \(name)/b; proxy_temp_path \(name)/p; fastcgi_temp_path \(name)/f;
        uwsgi_temp_path \(name)/u; scgi_temp_path \(name)/s;
        server {
          \(listen); \(security)
          location = /json {
            default_type application/json;
            return 200 '{"message":"Hello, World!","items":[1,2,3]}';
          }
        }
      }
      """
    guard let file = fopen(name + "/nginx.conf", "w") else {
      throw Command.Failure(description: "\(name): \(String(cString: strerror(errno)))")
    }
    fputs(configuration, file)
    fclose(file)
    let process = try Command(pinned(["nginx", "-p", name, "-c", name + "/nginx.conf"])).start()
    return try await ready(Server(process: process, port: port, scheme: tls ? "https" : "http"))
  }

  /// The arguments of a load generator, kept off the server's processor.
  func load(_ arguments: [String]) -> [String] {
    pins ? ["taskset", "-c", "1-\(processors - 1)"] + arguments : arguments
  }

  private func pinned(_ arguments: [String]) -> [String] { pins ? ["taskset", "-c", "0"] + arguments : arguments }

  var processors: Int { sysconf(Int32(_SC_NPROCESSORS_ONLN)) }

  private func ready(_ server: Server) async throws -> Server {
    for _ in 0..<200 {
      if canConnect(server.port) { return server }
      try await Task.sleep(for: .milliseconds(50))
    }
    server.process.stop()
    throw Command.Failure(description: "the server on port \(server.port) does not answer")
  }

  private func withSocket<Result>(_ port: UInt16, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Result)
    -> Result
  {
    let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(raw) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body(raw, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  private func canConnect(_ port: UInt16) -> Bool { withSocket(port) { connect($0, $1, $2) == 0 } }

  private func freePort() throws -> UInt16 {
    for _ in 0..<1000 {
      let port = UInt16.random(in: 20_000..<32_000)
      if withSocket(port, { bind($0, $1, $2) == 0 }) { return port }
    }
    throw Command.Failure(description: "no free port between 20000 and 32000")
  }
}
