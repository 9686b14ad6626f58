import Glibc
import Net

import class Foundation.Process
import struct Foundation.URL

/// A certificate authority in a temporary directory, made with the `openssl` command; removed with its last reference.
public final class TestAuthority: Sendable {
  struct Failure: Error { var arguments: [String] }

  public let directory: String

  public init() throws {
    directory = "/tmp/aether-ca-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    mkdir(directory, 0o700)
    try openssl([
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
      "-keyout", path("ca.key"), "-out", path("ca.pem"), "-subj", "/CN=Test CA",
      "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
    ])
  }

  deinit {
    let cleanup = Process()
    cleanup.executableURL = URL(fileURLWithPath: "/bin/rm")
    cleanup.arguments = ["-rf", directory]
    try? cleanup.run()
    cleanup.waitUntilExit()
  }

  public func path(_ name: String) -> String { "\(directory)/\(name)" }
  public var roots: PEM { .file(path("ca.pem")) }

  /// Issues a certificate; `names` as in openssl's subjectAltName, such as `DNS:localhost,URI:spiffe://a/b`.
  /// `days` below zero makes one that has expired.
  public func issue(_ name: String, names: String = "IP:127.0.0.1,DNS:localhost", days: Int = 2) throws
    -> TLSConfiguration.Identity
  {
    try openssl([
      "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
      "-keyout", path("\(name).key"), "-out", path("\(name).csr"), "-subj", "/CN=\(name)",
    ])
    let extensions = path("\(name).ext")
    guard let file = fopen(extensions, "w") else { throw Failure(arguments: [extensions]) }
    fputs("subjectAltName=\(names)\nextendedKeyUsage=serverAuth,clientAuth\n", file)
    fclose(file)
    try openssl([
      "x509", "-req", "-in", path("\(name).csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"), "-CAcreateserial",
      "-days", "\(days)", "-out", path("\(name).pem"), "-extfile", extensions,
    ])
    return TLSConfiguration.Identity(chain: .file(path("\(name).pem")), key: .file(path("\(name).key")))
  }

  private func openssl(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    process.arguments = arguments
    process.standardError = nil
    process.standardOutput = nil
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure(arguments: arguments) }
  }
}
