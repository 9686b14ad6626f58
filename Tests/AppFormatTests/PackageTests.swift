import AppFormat
import Bytes
import PythonPeer
import Testing

@Suite struct PackageTests {
  private let package = AppPackage(
    module: sampleModule, manifest: Array(sampleManifest.utf8), model: [UInt8](repeating: 7, count: 600), icon: [1],
    signatures: [.init(algorithm: .ed25519, bytes: [UInt8](0..<64))])

  @Test func packagesAreReadAgain() throws {
    let bytes = try package.packed()
    #expect(try package.packed() == bytes)
    #expect(Gzip.isGzip(bytes))
    #expect(try AppPackage(bytes) == package)
    let bare = AppPackage(module: sampleModule, manifest: Array("{}".utf8))
    #expect(try AppPackage(bare.packed()) == bare)
  }

  @Test func theDigestIsOverManifestModuleAndModel() {
    #expect(
      package.digest
        == SHA256.digest(Array(sampleManifest.utf8) + sampleModule + [UInt8](repeating: 7, count: 600)))
    var other = package
    other.icon = nil
    other.signatures = []
    #expect(other.digest == package.digest)
  }

  @Test func whatIsMissingOrTooLargeIsNamed() throws {
    for (names, missing) in [(["manifest.json"], "app.wasm"), (["app.wasm"], "manifest.json"), ([], "app.wasm")] {
      let bytes = try python(names.map { ($0, "{}") })
      #expect(throws: AppFormatError.missingMember(missing)) { try AppPackage(bytes) }
    }
    let long = try python([("app.wasm", "x"), ("manifest.json", String(repeating: " ", count: 4096))])
    #expect(throws: AppFormatError.manifestTooLarge(bytes: 4096, bytesMax: 4095)) { try AppPackage(long) }
    #expect(AppFormatError.manifestTooLarge(bytes: 0, bytesMax: 0).errno == -27)
    var large = package
    large.model = [UInt8](repeating: 0, count: 4 << 20)
    #expect(throws: AppFormatError.self) { try large.packed() }
    let bomb = Gzip.pack([UInt8](repeating: 0, count: (4 << 20) + 1))
    #expect(throws: AppFormatError.tooLarge(bytes: (4 << 20) + 1, bytesMax: 4 << 20)) { try AppPackage(bomb) }
    // A frame that lies about its size is stopped at the limit, too.
    let lying = Array(bomb.dropLast(4)) + [1, 0, 0, 0]
    #expect(throws: AppFormatError.self) { try AppPackage(lying) }
    let short = try python([("app.wasm", "x"), ("manifest.json", "{}"), ("sig.ed25519", "short")])
    #expect(throws: AppFormatError.self) { try AppPackage(short) }
  }

  /// Python's tarfile and gzip read what is written here.
  @Test func pythonReadsPackages() throws {
    let text = try PythonPeer.run(
      """
      import sys, io, tarfile, hashlib
      data = bytes.fromhex(sys.stdin.read())
      with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
          for member in archive.getmembers():
              print(member.name, member.size, hashlib.sha256(archive.extractfile(member).read()).hexdigest())
      """, input: Hex.encode(try package.packed()))
    let expected = [
      ("manifest.json", package.manifest), ("app.wasm", package.module), ("model.tflite", package.model ?? []),
      ("icon_32.bmp", [1]), ("sig.ed25519", [UInt8](0..<64)),
    ].map { "\($0.0) \($0.1.count) \(Hex.encode(SHA256.digest($0.1)))" }
    #expect(text.split(separator: "\n").map(String.init) == expected)
  }

  /// Archives as Python's tarfile writes them: folders, `./` before names, extended headers, other compression levels.
  @Test func packagesOfPythonAreRead() throws {
    for format in ["USTAR", "GNU", "PAX"] {
      for level in [0, 1, 6, 9] {
        let bytes = try python(
          [("./app.wasm", String(repeating: "module ", count: 2000)), ("./manifest.json", "{}"), ("unknown.txt", "x")],
          format: format, level: level)
        let read = try AppPackage(bytes)
        #expect(read.module == Array(String(repeating: "module ", count: 2000).utf8), "\(format) \(level)")
        #expect(read.manifest == Array("{}".utf8))
      }
    }
    for hostile in ["../app.wasm", "/app.wasm", "a/app.wasm", "..", ".hidden"] {
      let bytes = try python([(hostile, "x"), ("app.wasm", "x"), ("manifest.json", "{}")])
      #expect(throws: AppFormatError.self, "\(hostile)") { try AppPackage(bytes) }
    }
    let twice = try python([("app.wasm", "x"), ("app.wasm", "y"), ("manifest.json", "{}")])
    #expect(throws: AppFormatError.self) { try AppPackage(twice) }
  }

  private func python(_ members: [(String, String)], format: String = "USTAR", level: Int = 6) throws -> [UInt8] {
    let lines = members.map { "\($0.0)\t\(Hex.encode(Array($0.1.utf8)))" }.joined(separator: "\n")
    let text = try PythonPeer.run(
      """
      import sys, io, tarfile, gzip
      out = io.BytesIO()
      with tarfile.open(fileobj=out, mode="w", format=getattr(tarfile, sys.argv[1] + "_FORMAT")) as archive:
          folder = tarfile.TarInfo("folder")
          folder.type = tarfile.DIRTYPE
          archive.addfile(folder)
          for line in sys.stdin.read().splitlines():
              name, data = line.split("\\t")
              data = bytes.fromhex(data)
              info = tarfile.TarInfo(name)
              info.size = len(data)
              info.mtime = 1700000000.5
              archive.addfile(info, io.BytesIO(data))
      print(gzip.compress(out.getvalue(), compresslevel=int(sys.argv[2])).hex())
      """, [format, String(level)], input: lines)
    return try Hex.decode(text.filter { !$0.isWhitespace })
  }

  /// Data of many shapes, compressed here and there, unpacked there and here.
  @Test func compressionAgreesWithZlib() throws {
    var random = SeededNumbers.forTest(#function)
    var inputs: [[UInt8]] = [[], [0], Array("aaa".utf8), [UInt8](repeating: 0, count: 70_000)]
    for _ in 0..<40 {
      let alphabet = UInt8.random(in: 1...255, using: &random)
      var bytes: [UInt8] = []
      while bytes.count < Int.random(in: 0...40_000, using: &random) {
        if bytes.count > 10, Bool.random(using: &random) {
          let start = Int.random(in: 0..<bytes.count, using: &random)
          bytes += Array(bytes[start..<min(bytes.count, start + Int.random(in: 1...600, using: &random))])
        } else {
          bytes += (0..<Int.random(in: 1...50, using: &random)).map { _ in .random(in: 0...alphabet, using: &random) }
        }
      }
      inputs.append(bytes)
    }
    for bytes in inputs { #expect(try Gzip.unpack(Gzip.pack(bytes), outputMax: 1 << 20) == bytes) }
    let program = """
      import sys, gzip, zlib
      for number, line in enumerate(sys.stdin.read().splitlines()):
          packed, plain = [bytes.fromhex(part) for part in line.split("\\t")]
          assert gzip.decompress(packed) == plain, number
          strategy = [zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE][number % 4]
          compressor = zlib.compressobj(number % 10, zlib.DEFLATED, 31, 9, strategy)
          print((compressor.compress(plain) + compressor.flush()).hex())
      """
    let text = try PythonPeer.run(
      program, input: inputs.map { "\(Hex.encode(Gzip.pack($0)))\t\(Hex.encode($0))" }.joined(separator: "\n"))
    let packed = text.split(separator: "\n").map(String.init)
    #expect(packed.count == inputs.count)
    for (bytes, theirs) in zip(inputs, packed) {
      #expect(try Gzip.unpack(Hex.decode(theirs), outputMax: 1 << 20) == bytes)
    }
  }

  @Test func framesOfGzipAreChecked() throws {
    let plain = Array("some text, some text".utf8)
    let sound = Gzip.pack(plain)
    #expect(CRC32.checksum(Array("123456789".utf8)) == 0xCBF4_3926)
    // Optional parts of the frame: extra field, name, comment, checksum of the header.
    var framed = sound
    framed[3] = 0x1E
    framed.insert(contentsOf: [2, 0, 9, 9] + Array("name\0comment\0".utf8) + [0, 0], at: 10)
    #expect(try Gzip.unpack(framed, outputMax: 100) == plain)
    #expect(throws: AppFormatError.tooLarge(bytes: 20, bytesMax: 19)) { try Gzip.unpack(sound, outputMax: 19) }
    for index in sound.indices where ![4, 5, 6, 7, 8, 9].contains(index) {
      var damaged = sound
      damaged[index] ^= 0x10
      #expect(throws: AppFormatError.self, "byte \(index)") { try Gzip.unpack(damaged, outputMax: 1000) }
    }
    for count in 0..<sound.count {
      #expect(throws: AppFormatError.self) { try Gzip.unpack(Array(sound[..<count]), outputMax: 1000) }
    }
    #expect(throws: AppFormatError.self) { try Gzip.unpack(sound + [0], outputMax: 1000) }
  }

  @Test func damagedPackagesAreRefusedOrRead() throws {
    var random = SeededNumbers.forTest(#function)
    let sound = try package.packed()
    let python = try python([("app.wasm", String(repeating: "abcdefgh", count: 300)), ("manifest.json", "{}")])
    for round in 0..<1500 {
      var bytes = random.damage(round.isMultiple(of: 2) ? sound : python)
      if round % 4 < 2, bytes.count > 8 {
        // With a right size, so that damage reaches the decoder.
        bytes.replaceSubrange(bytes.count - 4..<bytes.count, with: sound.suffix(4))
      }
      do throws(AppFormatError) {
        _ = try AppPackage(bytes)
      } catch {
        #expect(error.errno < 0)
      }
    }
    // Damage behind the compression, which the checksum would hide.
    let archive = try Gzip.unpack(sound, outputMax: 1 << 20)
    for _ in 0..<150 {
      do throws(AppFormatError) {
        _ = try AppPackage(Gzip.pack(random.damage(archive)))
      } catch {
        #expect(error.errno < 0)
      }
    }
  }
}
