/// Files of a folder over HTTPS, in parts where a client asks for them.
///
/// A file NAME.cut beside NAME holds a number: connections are cut off when so many bytes of NAME have been sent.
public final class PackageServer {
  /// Such as `https://127.0.0.1:4711`.
  public let address: String
  private let peer: PythonPeer

  /// - Parameters:
  ///   - certificate: chain, PEM.
  public init(folder: String, certificate: String, key: String) throws {
    peer = try PythonPeer(Self.program, [folder, certificate, key])
    address = "https://127.0.0.1:\(try peer.readLine())"
  }

  /// The next request: path and `Range`, or `-` without one.
  public func request() throws -> String { try peer.readLine() }

  public func stop() { peer.stop() }

  private static let program = """
    import http.server, os, ssl, sys, zlib
    folder, chain, key = sys.argv[1:4]
    class Handler(http.server.BaseHTTPRequestHandler):
      protocol_version = 'HTTP/1.1'
      def do_GET(self):
        path = os.path.join(folder, self.path.lstrip('/'))
        part = self.headers.get('Range')
        print(self.path, part or '-', flush=True)
        if not os.path.isfile(path):
          self.send_response(404)
          self.send_header('Content-Length', '0')
          self.end_headers()
          return
        with open(path, 'rb') as f: data = f.read()
        tag = '"%08x"' % zlib.crc32(data)
        start = 0
        if part and self.headers.get('If-Range', tag) == tag: start = int(part[len('bytes='):].split('-')[0])
        if start >= len(data) > 0:
          self.send_response(416)
          self.send_header('Content-Length', '0')
          self.end_headers()
          return
        self.send_response(206 if start else 200)
        if start: self.send_header('Content-Range', 'bytes %d-%d/%d' % (start, len(data) - 1, len(data)))
        self.send_header('ETag', tag)
        self.send_header('Content-Length', str(len(data) - start))
        self.end_headers()
        end = len(data)
        if os.path.exists(path + '.cut'):
          with open(path + '.cut') as f: end = min(end, int(f.read()))
          self.close_connection = True
        try: self.wfile.write(data[start:max(start, end)])
        except OSError: self.close_connection = True
      def log_message(self, *words): pass
    class Server(http.server.ThreadingHTTPServer):
      def handle_error(self, request, address): pass
    server = Server(('127.0.0.1', 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_port, flush=True)
    server.serve_forever()
    """
}
