import AppFormat
import AppSigning
import Bytes
import Crypto
import PythonPeer
import Testing

/// Packages that Python's tarfile and the program `openssl` make from the reference's description.
@Suite struct ReferencePackageTests {
  /// Prints the public key (PEM in hexadecimal), its SHA-256 as `openssl` has it, and packages: good ones first.
  private static let maker = #"""
    import gzip, hashlib, io, os, subprocess, sys, tarfile, tempfile
    kind, style = sys.argv[1], sys.argv[2]
    os.chdir(tempfile.mkdtemp())
    def run(*arguments, data=None):
        return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout
    if kind == "ed25519": run("genpkey", "-algorithm", "ed25519", "-out", "key.pem")
    else: run("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "key.pem")
    public = run("pkey", "-in", "key.pem", "-pubout")
    hash = hashlib.sha256(run("pkey", "-in", "key.pem", "-pubout", "-outform", "DER")).hexdigest()
    manifest = b'{"name":"packed","version":"2.0.0","capabilities":["network"],"abi":"1.0"}'
    module = b"\0asm\x01\0\0\0" + b"\0\x05\x04mark"
    model = b"TFL3" + bytes(range(256)) * 40
    def signature(body):
        digest = hashlib.sha256(body).digest()
        if kind == "ed25519":
            open("digest", "wb").write(digest)
            return run("pkeyutl", "-sign", "-rawin", "-inkey", "key.pem", "-in", "digest")
        return run("dgst", "-sha256", "-sign", "key.pem", data=body)
    def pack(members):
        out = io.BytesIO()
        formats = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
        with tarfile.open(fileobj=out, mode="w", format=formats[style]) as archive:
            for name, data in members:
                info = tarfile.TarInfo(name); info.size = len(data)
                info.mtime = 1767225600.5 if style == "pax" else 1767225600
                info.uname = "developer"; info.mode = 0o600
                archive.addfile(info, io.BytesIO(data))
        file = io.BytesIO()
        with gzip.GzipFile("app.tar", "wb", fileobj=file, mtime=1767225600) as frame: frame.write(out.getvalue())
        return file.getvalue()
    name = "sig.ed25519" if kind == "ed25519" else "sig.rsa2048"
    full = signature(manifest + module + model)
    small = signature(manifest + module)
    m, a, t = ("manifest.json", manifest), ("app.wasm", module), ("model.tflite", model)
    icon, pq = ("icon_32.bmp", b"BM" + bytes(70)), ("sig.dilithium2", bytes(2420))
    s = (name, full)
    print(public.hex()); print(hash)
    for good in [[a, m, t, s], [s, t, m, a], [m, a, t, icon, pq, s], [m, a, (name, small)]]: print("good", pack(good).hex())
    broken = bytes([full[0] ^ 1]) + full[1:]
    for bad in [[m, a, s], [m, a, t, (name, small)], [m, a, t, (name, broken)],
                [("manifest.json", manifest + b" "), a, t, s], [m, ("app.wasm", module + b"\0\x02\x01x"), t, s],
                [m, a, t, (name, signature(module + manifest + model))]]: print("bad", pack(bad).hex())
    for wrong in [[m, a, t, (name, b"")], [m, a, t, (name, full[:-1])]]: print("wrong", pack(wrong).hex())
    """#

  @Test(arguments: ["ed25519", "rsa"], ["ustar", "gnu", "pax"])
  func packagesOfOthersAreVerified(_ kind: String, _ style: String) throws {
    let lines = try PythonPeer.run(Self.maker, [kind, style]).split(separator: "\n").map(String.init)
    let key = try PublicKey(pem: String(decoding: try Hex.decode(lines[0]), as: UTF8.self))
    let strangers = try (0..<3).map { _ in try PrivateKey.generate(.ed25519).publicKey }
    let trust = try AppTrust(keys: strangers + [key])
    let lenient = try AppTrust(keys: strangers, requiresSignature: false)
    let algorithm: AppPackage.SignatureAlgorithm = kind == "ed25519" ? .ed25519 : .rsa2048SHA256
    var count = 0
    for line in lines[2...] {
      let parts = line.split(separator: " ").map(String.init)
      let bytes = try Hex.decode(parts[1])
      count += 1
      guard parts[0] != "wrong" else {
        // Too short, or of no length.
        do throws(AppFormatError) {
          _ = try AppPackage(bytes)
          Issue.record("a signature of a wrong length is accepted")
        } catch { #expect(error.errno == -22) }
        continue
      }
      let package = try AppPackage(bytes)
      #expect(try AppManifest(json: package.manifest).capabilities == ["network"])
      if parts[0] == "good" {
        #expect(try trust.verify(package) == [.init(algorithm: algorithm, keyHash: Hex.decode(lines[1]))])
        #expect(throws: AppSigningError.unknownSigner(algorithm)) { try lenient.verify(package) }
      } else {
        #expect(throws: AppSigningError.unknownSigner(algorithm)) { try trust.verify(package) }
      }
    }
    #expect(count == 12)
  }
}
