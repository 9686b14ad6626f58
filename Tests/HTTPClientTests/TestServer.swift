import Foundation
import HTTPClient
import PythonPeer

/// Python's http.server and TLS, and nginx for HTTP/2, in one process that ends with the tests.
struct TestServer {
  var plain: String
  var mutualTLS: String
  var serverTLS: String
  var http2: String
  /// Accepts connections and never says anything.
  var silent: String
  /// Nothing listens here.
  var refused: String
  var unixSocketPath: String
  var folder: String

  func path(_ name: String) -> String { folder + "/" + name }
  func pem(_ name: String) throws -> HTTPClient.PEM {
    .text(try String(contentsOfFile: path(name), encoding: .utf8))
  }

  static let shared = Result { try start() }
  nonisolated(unsafe) private static var peer: PythonPeer?

  private static func start() throws -> TestServer {
    let peer = try PythonPeer(program)
    // Set once by the only initializer of `shared`, to keep the process alive.
    Self.peer = peer
    let ports = try peer.readLine().split(separator: " ").map(String.init)
    return TestServer(
      plain: "http://127.0.0.1:\(ports[0])", mutualTLS: "https://localhost:\(ports[1])",
      serverTLS: "https://localhost:\(ports[2])", http2: "https://localhost:\(ports[3])",
      silent: "https://127.0.0.1:\(ports[4])", refused: "http://127.0.0.1:\(ports[5])",
      unixSocketPath: ports[6] + "/socket", folder: ports[6])
  }

  private static let program = #"""
    import collections, ctypes, datetime, hashlib, http.server, ipaddress, json, os, random, shutil, signal, socket, socketserver, ssl
    import subprocess, sys, tempfile, threading, time, urllib.parse
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    folder = tempfile.mkdtemp(prefix="aether-http-client-")
    def path(name): return os.path.join(folder, name)
    def name(text): return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

    def issue(file, common, issuer=None, hosts=()):
      key = ec.generate_private_key(ec.SECP256R1())
      start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
      builder = (x509.CertificateBuilder().subject_name(name(common)).issuer_name(name(issuer[1]) if issuer else name(common))
        .public_key(key.public_key()).serial_number(x509.random_serial_number()).not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True))
      if hosts: builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(h) for h in hosts]), critical=False)
      certificate = builder.sign(issuer[0] if issuer else key, hashes.SHA256())
      with open(path(file + ".pem"), "wb") as f: f.write(certificate.public_bytes(serialization.Encoding.PEM))
      with open(path(file + ".key"), "wb") as f:
        f.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
      return key, common

    ca = issue("ca", "test authority")
    foreign = issue("foreign-ca", "foreign authority")
    issue("server", "server", ca, ["localhost"])
    issue("client", "client", ca)
    issue("foreign", "client", foreign)

    flood = {"sent": 0, "closed": 0, "started": 0}
    closing = threading.Event()
    gates = collections.defaultdict(threading.Event)

    class Handler(http.server.BaseHTTPRequestHandler):
      protocol_version = "HTTP/1.1"
      def log_message(self, *a): pass
      def address_string(self): return "unix"
      def head(self, status, headers):
        self.send_response(status)
        for key, value in headers: self.send_header(key, value)
        self.end_headers()
      def answer(self, status, data, headers=()):
        self.head(status, [("Content-Length", str(len(data))), *headers])
        if self.command != "HEAD": self.wfile.write(data)
      def chunk(self, data): self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
      def body(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
          data = b""
          while size := int(self.rfile.readline(), 16):
            data += self.rfile.read(size); self.rfile.readline()
          self.rfile.readline()
          return data
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))
      def any(self):
        url = urllib.parse.urlsplit(self.path); query = dict(urllib.parse.parse_qsl(url.query))
        if url.path == "/echo":
          data = self.body()
          peer = self.client_address[1] if self.client_address else 0
          common = ""
          if isinstance(self.connection, ssl.SSLSocket) and self.connection.getpeercert():
            common = self.connection.getpeercert()["subject"][0][0][1]
          self.answer(200, json.dumps({"method": self.command, "path": self.path, "headers": [f"{k}: {v}" for k, v in self.headers.items()],
            "length": len(data), "sha256": hashlib.sha256(data).hexdigest(), "peer": peer, "common": common}).encode(),
            [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Empty", "")])
        elif url.path == "/chunks":
          self.head(200, [("Transfer-Encoding", "chunked")])
          for index in range(int(query["n"])):
            self.chunk(b"chunk %d\n" % index); time.sleep(float(query.get("s", 0)))
          self.wfile.write(b"0\r\n\r\n")
        elif url.path == "/gated":
          self.head(200, [("Transfer-Encoding", "chunked")])
          self.chunk(b"first"); gates[query["key"]].wait(300); self.chunk(b"second")
          self.wfile.write(b"0\r\n\r\n")
        elif url.path == "/open": gates[query["key"]].set(); self.answer(200, b"")
        elif url.path == "/flood":
          flood["started"] += 1
          self.head(200, [("Transfer-Encoding", "chunked")])
          try:
            while True: self.chunk(b"x" * 65536); flood["sent"] += 65536
          except OSError: flood["closed"] += 1
          self.close_connection = True
        elif url.path == "/floods": self.answer(200, json.dumps(flood).encode())
        elif url.path == "/status": self.answer(int(query["code"]), b"status")
        elif url.path == "/redirect": self.answer(302, b"moved", [("Location", query["to"])])
        elif url.path == "/loop": self.answer(302, b"", [("Location", "/loop")])
        elif url.path == "/wait": closing.wait(300)
        elif url.path == "/stall":
          self.head(200, [("Content-Length", "100")]); self.wfile.write(b"0123456789"); closing.wait(300)
        elif url.path == "/partial":
          self.head(200, [("Content-Length", "100")]); self.wfile.write(b"0123456789"); self.close_connection = True
        elif url.path == "/nothing": self.close_connection = True
        elif url.path == "/garbage": self.wfile.write(b"this is not HTTP\r\n\r\n"); self.close_connection = True
        elif url.path == "/large": self.answer(200, b"y" * int(query["n"]))
        elif url.path == "/early": self.answer(413, b"too large"); self.close_connection = True
        else: self.answer(404, b"")
      do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = any

    class Server(http.server.ThreadingHTTPServer):
      daemon_threads = True
      request_queue_size = 256
      context = None
      def finish_request(self, request, client):
        try:
          if self.context: request = self.context.wrap_socket(request, server_side=True)
          super().finish_request(request, client)
        except OSError: pass
      def handle_error(self, *a): pass
    class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
      daemon_threads = True
      def handle_error(self, *a): pass

    def serve(server):
      threading.Thread(target=server.serve_forever, daemon=True).start()
      return server

    def tls(mutual):
      context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
      context.load_cert_chain(path("server.pem"), path("server.key"))
      if mutual:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(path("ca.pem"))
      server = Server(("127.0.0.1", 0), Handler)
      server.context = context
      return serve(server)

    def free_port():
      while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
          try: probe.bind(("127.0.0.1", port)); return port
          except OSError: pass

    plain, mutual, single = serve(Server(("127.0.0.1", 0), Handler)), tls(True), tls(False)
    serve(UnixServer(path("socket"), Handler))
    silent = socket.socket(); silent.bind(("127.0.0.1", 0)); silent.listen(64)
    reserved = socket.socket(); reserved.bind(("127.0.0.1", 0))

    with open(path("big"), "wb") as f: f.write(b"z" * (8 << 20))
    http2 = free_port()
    with open(path("nginx.conf"), "w") as f: f.write(f"""
      daemon off; master_process off; pid {path("nginx.pid")}; error_log {path("nginx.log")};
      events {{}}
      http {{
        access_log off; client_body_temp_path {path("t1")}; proxy_temp_path {path("t2")}; fastcgi_temp_path {path("t3")};
        uwsgi_temp_path {path("t4")}; scgi_temp_path {path("t5")};
        server {{
          listen 127.0.0.1:{http2} ssl http2; ssl_certificate {path("server.pem")}; ssl_certificate_key {path("server.key")};
          location = /protocol {{ return 200 $server_protocol/$connection; }}
          location / {{ root {folder}; }}
        }}
      }}""")
    def die_with_parent(): ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    nginx = subprocess.Popen(["nginx", "-c", path("nginx.conf"), "-e", path("nginx.log")], preexec_fn=die_with_parent)
    for _ in range(200):
      try: socket.create_connection(("127.0.0.1", http2)).close(); break
      except OSError: time.sleep(0.05)

    print(plain.server_port, mutual.server_port, single.server_port, http2, silent.getsockname()[1], reserved.getsockname()[1], folder)
    while sys.stdin.read(1): pass
    nginx.kill(); nginx.wait()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)
    """#
}
