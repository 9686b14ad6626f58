import Foundation
import HTTP
import HTTPServer
import Net
import Testing

@Suite struct StaticFilesTests {
  private func makeTree() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let files = FileManager.default
    try files.createDirectory(atPath: folder.path + "/root/sub", withIntermediateDirectories: true)
    func write(_ name: String, _ text: String) throws {
      try text.write(toFile: "\(folder.path)/\(name)", atomically: false, encoding: .utf8)
    }
    try write("secret.txt", "secret")
    try write("root/index.html", "<p>index</p>")
    try write("root/sub/index.html", "<p>sub</p>")
    try write("root/app.js", String(repeating: "0123456789", count: 100_000))
    try write("root/app.js.gz", "gzipped")
    try write("root/app.js.br", "brotli")
    try write("root/empty.txt", "")
    try write("root/a b.txt", "spaced")
    try files.createSymbolicLink(atPath: folder.path + "/root/link.txt", withDestinationPath: "../secret.txt")
    try files.createSymbolicLink(atPath: folder.path + "/root/out", withDestinationPath: "..")
    return folder
  }

  static let program = """
    import http.client, sys, socket, subprocess
    def get(path, method="GET", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=60)
        connection.request(method, "/static/" + path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        response = connection.getresponse()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
    app = b"0123456789" * 100000
    status, headers, body = get("app.js")
    assert status == 200 and body == app and headers["content-type"].startswith("text/javascript"), headers
    assert headers["vary"] == "accept-encoding" and headers["accept-ranges"] == "bytes"
    tag, date = headers["etag"], headers["last-modified"]
    assert get("app.js", "HEAD")[2] == b"" and get("app.js", "HEAD")[1]["content-length"] == "1000000"
    for condition in [{"If_None_Match": tag}, {"If_None_Match": '"x", W/' + tag}, {"If_None_Match": "*"}, {"If_Modified_Since": date},
                      {"If_None_Match": tag, "If_Modified_Since": "Sun, 06 Nov 1994 08:49:37 GMT"}]:
        status, headers, body = get("app.js", **condition)
        assert status == 304 and body == b"" and headers["etag"] == tag, (condition, status)
    for condition in [{"If_None_Match": '"x"'}, {"If_None_Match": '"x"', "If_Modified_Since": date},
                      {"If_Modified_Since": "Sun, 06 Nov 1994 08:49:37 GMT"}, {"If_Modified_Since": "nonsense"}]:
        assert get("app.js", **condition)[0] == 200, condition
    for value, expected, content in [("bytes=0-9", "bytes 0-9/1000000", app[:10]), ("bytes=999990-", "bytes 999990-999999/1000000", app[-10:]),
            ("bytes=-5", "bytes 999995-999999/1000000", app[-5:]), ("bytes=5-99999999", "bytes 5-999999/1000000", app[5:]),
            ("bytes=0-0", "bytes 0-0/1000000", b"0"), ("bytes=-99999999", "bytes 0-999999/1000000", app)]:
        status, headers, body = get("app.js", Range=value)
        assert status == 206 and headers["content-range"] == expected and body == content, (value, status, headers)
    for value in ["bytes=1000000-", "bytes=-0", "bytes=99999999999999999999-"]:
        status, headers, body = get("app.js", Range=value)
        assert status == 416 and headers["content-range"] == "bytes */1000000", value
    for value in ["bytes=5-2", "bytes=a-b", "lines=1-2", "bytes=", "bytes=-", "bytes=0-1,5-6"]:
        assert get("app.js", Range=value)[0] == 200, value
    assert get("app.js", Range="bytes=0-1", If_Range=tag)[0] == 206
    assert get("app.js", Range="bytes=0-1", If_Range='"other"')[0] == 200
    assert get("app.js", Range="bytes=0-1", If_Range=date)[0] == 206
    for accept, coding, content in [("gzip", "gzip", b"gzipped"), ("br, gzip", "br", b"brotli"), ("gzip, br;q=0", "gzip", b"gzipped"),
                                    ("*", "br", b"brotli"), ("identity", None, app), ("deflate", None, app)]:
        status, headers, body = get("app.js", Accept_Encoding=accept)
        assert headers.get("content-encoding") == coding and body == content, accept
        assert headers["content-type"].startswith("text/javascript") and (headers["etag"] == tag) == (coding is None)
    assert get("")[2] == b"<p>index</p>" and get("sub/")[2] == b"<p>sub</p>"
    assert get("sub")[0] == 301 and get("sub")[1]["location"] == "/static/sub/"
    assert get("empty.txt")[0] == 200 and get("empty.txt")[2] == b""
    assert get("a%20b.txt")[2] == b"spaced"
    for path in ["../secret.txt", "..%2fsecret.txt", "%2e%2e/secret.txt", "sub/../../secret.txt", "link.txt", "out/secret.txt",
                 "/etc/passwd", "%2fetc/passwd", "index.html%00.js", "./index.html", "missing", "sub//index.html", "..", "app.js/"]:
        status, _, body = get(path)
        assert status == 404 and b"secret" not in body.replace(b"secret.txt", b""), (path, status, body)
    assert get("app.js", "POST")[0] == 405
    for flag in ["--http1.1", "--http2-prior-knowledge"]:
        out = subprocess.run(["curl", "-s", flag, f"http://127.0.0.1:{sys.argv[1]}/static/app.js"], capture_output=True).stdout
        assert out == app
        out = subprocess.run(["curl", "-sI", flag, f"http://127.0.0.1:{sys.argv[1]}/static/app.js"], capture_output=True).stdout
        assert b"content-length: 1000000" in out
    print("ok")
    """

  @Test func matrix() async throws {
    let folder = try makeTree()
    let server = try TestServer(files: StaticFiles(root: folder.path + "/root"))
    #expect(try server.python(Self.program) == "ok\n")
    await server.stop()
  }

  @Test func singlePageFallback() async throws {
    let folder = try makeTree()
    var files = StaticFiles(root: folder.path + "/root")
    files.fallback = "index.html"
    let head = HTTPRequestHead(method: .get, path: "/static/deep/link")
    #expect(try files.response(to: head, path: "deep/link").headers["content-type"] == "text/html; charset=utf-8")
    #expect(throws: HTTPFailure.self) { try files.response(to: head, path: "deep/missing.js") }
  }
}
