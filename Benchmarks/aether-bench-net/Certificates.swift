import BenchReport
import Glibc

/// A folder with an authority, and a certificate of it for 127.0.0.1 that serves both ends.
struct Certificates {
  let directory: String
  var authority: String { directory + "/ca.pem" }
  var chain: String { directory + "/leaf.pem" }
  var key: String { directory + "/leaf.key" }

  init(in directory: String) throws {
    self.directory = directory
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    _ = try Command(
      ["openssl", "req", "-x509"] + curve + [
        "-days", "2", "-keyout", directory + "/ca.key", "-out", authority, "-subj", "/CN=Bench CA",
        "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
      ]
    ).run()
    _ = try Command(
      ["openssl", "req", "-x509", "-CA", authority, "-CAkey", directory + "/ca.key"] + curve + [
        "-days", "2", "-keyout", key, "-out", chain, "-subj", "/CN=127.0.0.1",
        "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE",
      ]
    ).run()
  }
}
