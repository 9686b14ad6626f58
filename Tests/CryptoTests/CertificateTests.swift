import Bytes
import COpenSSL
import Crypto
import Foundation
import JSON
import PythonPeer
import Testing

private let now = UnixTime.now()
private let day = Duration.seconds(86_400)

private struct Authority {
  let key: PrivateKey
  let certificate: Certificate

  init(_ kind: KeyAlgorithm = .p256, name: String = "Test CA") throws {
    key = try PrivateKey.generate(kind)
    certificate = try CertificateTemplate(
      subject: DistinguishedName(commonName: name, organization: "Aether"), role: .authority(pathLength: 1),
      notBefore: now.adding(day * -400), notAfter: now.adding(day * 400)
    ).selfSigned(by: key)
  }

  func leaf(
    _ usage: Set<ExtendedKeyUsage> = [.serverAuth], from: Duration = day * -1, to: Duration = day,
    kind: KeyAlgorithm = .p256
  ) throws -> (PrivateKey, Certificate) {
    let leafKey = try PrivateKey.generate(kind)
    let template = CertificateTemplate(
      subject: DistinguishedName(commonName: "web"),
      altNames: [
        .dns("localhost"), try .ip(address: "127.0.0.1"), try .ip(address: "::1"), .uri("spiffe://aether.local/node/a"),
      ], role: .leaf(usage), notBefore: now.adding(from), notAfter: now.adding(to))
    return (leafKey, try template.issued(for: leafKey.publicKey, by: certificate, key: key))
  }
}

/// Runs the `openssl` command; returns its exit code and what it wrote.
private func openssl(_ arguments: [String]) throws -> (code: Int64, output: String) {
  let program = """
    import json, subprocess, sys
    r = subprocess.run(["openssl"] + sys.argv[1:], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    print(json.dumps({"code": r.returncode, "output": r.stdout + r.stderr}))
    """
  let answer = try JSON.parse(PythonPeer.run(program, arguments))
  return (try #require(answer["code"]?.integerValue), try #require(answer["output"]?.stringValue))
}

@Suite struct CertificateTests {
  @Test(arguments: KeyTests.kinds)
  func opensslVerifiesOurChains(_ kind: KeyAlgorithm) throws {
    let authority = try Authority(kind)
    let (_, server) = try authority.leaf(kind: kind)
    #expect(server.isValid(at: now) && !server.isAuthority && authority.certificate.isAuthority)
    try withTemporaryDirectory { directory in
      try Data(authority.certificate.pem.utf8).write(to: URL(fileURLWithPath: "\(directory)/ca.pem"))
      try Data(server.pem.utf8).write(to: URL(fileURLWithPath: "\(directory)/server.pem"))
      func verify(_ options: [String]) throws -> Int64 {
        try openssl(
          ["verify", "-x509_strict", "-CAfile", "\(directory)/ca.pem"] + options + ["\(directory)/server.pem"]
        )
        .code
      }
      #expect(try verify(["-purpose", "sslserver", "-verify_hostname", "localhost"]) == 0)
      #expect(try verify(["-purpose", "sslserver", "-verify_ip", "::1"]) == 0)
      #expect(try verify(["-purpose", "sslclient"]) != 0)
      #expect(try verify(["-verify_hostname", "elsewhere"]) != 0)
      #expect(try verify(["-attime", "\(now.adding(day * 2).seconds)"]) != 0)
    }
  }

  @Test func pythonReadsOurFields() throws {
    let authority = try Authority()
    let (key, leaf) = try authority.leaf([.serverAuth, .clientAuth])
    let program = """
      import json, sys
      from cryptography import x509
      from cryptography.hazmat.primitives import hashes, serialization as s
      c = x509.load_pem_x509_certificate(sys.stdin.read().encode())
      san = c.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
      ku = c.extensions.get_extension_for_class(x509.KeyUsage)
      bc = c.extensions.get_extension_for_class(x509.BasicConstraints)
      eku = c.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
      print(json.dumps({"subject": c.subject.rfc4514_string(), "issuer": c.issuer.rfc4514_string(),
        "from": int(c.not_valid_before_utc.timestamp()), "to": int(c.not_valid_after_utc.timestamp()),
        "serial": format(c.serial_number, "x"), "fingerprint": c.fingerprint(hashes.SHA256()).hex(),
        "dns": san.get_values_for_type(x509.DNSName), "uri": san.get_values_for_type(x509.UniformResourceIdentifier),
        "ip": [str(a) for a in san.get_values_for_type(x509.IPAddress)],
        "ku": ku.critical and ku.value.digital_signature and not ku.value.key_cert_sign,
        "bc": bc.critical and not bc.value.ca, "eku": sorted(o._name for o in eku),
        "key": c.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo).decode()}))
      """
    let fields = try JSON.parse(PythonPeer.run(program, input: leaf.pem))
    #expect(fields["subject"] == "CN=web")
    #expect(fields["issuer"] == "CN=Test CA,O=Aether")
    #expect(fields["from"]?.integerValue == leaf.notBefore.seconds)
    #expect(fields["to"]?.integerValue == leaf.notAfter.seconds)
    #expect(fields["serial"]?.stringValue == leaf.serialHex)
    #expect(fields["fingerprint"]?.stringValue == leaf.fingerprintHex)
    #expect(fields["dns"] == ["localhost"])
    #expect(fields["ip"] == ["127.0.0.1", "::1"])
    #expect(fields["uri"] == ["spiffe://aether.local/node/a"])
    #expect(fields["ku"] == true && fields["bc"] == true)
    #expect(fields["eku"] == ["clientAuth", "serverAuth"])
    #expect(fields["key"]?.stringValue == (try key.publicKey.pem()))
    #expect(leaf.subject.commonName == "web" && leaf.issuer == authority.certificate.subject)
    #expect(
      leaf.altNames.map(\.description) == [
        "DNS:localhost", "IP:127.0.0.1", "IP:::1", "URI:spiffe://aether.local/node/a",
      ])
    #expect(leaf.extendedKeyUsage == [.serverAuth, .clientAuth])
  }

  @Test func trust() throws {
    let authority = try Authority()
    let anchors = TrustAnchors([authority.certificate])
    let (_, server) = try authority.leaf()
    try anchors.verify(server, for: .serverAuth)
    func refused(_ reason: String, _ body: () throws -> Void) {
      let error = #expect(throws: CryptoError.self) { try body() }
      #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
      #expect(ERR_peek_error() == 0)
    }
    refused("purpose") { try anchors.verify(server, for: .clientAuth) }
    refused("expired") { try anchors.verify(server, for: .serverAuth, at: now.adding(day * 3)) }
    refused("not yet valid") { try anchors.verify(server, for: .serverAuth, at: now.adding(day * -3)) }
    let foreign = try Authority().leaf().1
    refused("issuer") { try anchors.verify(foreign, for: .serverAuth) }
    refused("issuer") { try TrustAnchors([]).verify(server, for: .serverAuth) }

    // root -> intermediate -> leaf
    let middleKey = try PrivateKey.generate(.ed25519)
    let middle = try CertificateTemplate(
      subject: DistinguishedName(commonName: "Middle"), role: .authority(pathLength: 0),
      notBefore: now.adding(day * -1), notAfter: now.adding(day)
    ).issued(for: middleKey.publicKey, by: authority.certificate, key: authority.key)
    let leafKey = try PrivateKey.generate(.p256)
    let leaf = try CertificateTemplate(
      subject: DistinguishedName(commonName: "leaf"), role: .leaf([.clientAuth]), notBefore: now.adding(day * -1),
      notAfter: now.adding(day)
    ).issued(for: leafKey.publicKey, by: middle, key: middleKey)
    try anchors.verify(leaf, intermediates: [middle], for: .clientAuth)
    refused("issuer") { try anchors.verify(leaf, for: .clientAuth) }

    // A leaf cannot issue, and a key cannot sign for another's certificate.
    let template = CertificateTemplate(
      subject: DistinguishedName(commonName: "x"), role: .leaf([]), notBefore: now, notAfter: now.adding(day))
    #expect(throws: CryptoError.self) { try template.issued(for: leafKey.publicKey, by: leaf, key: leafKey) }
    #expect(throws: CryptoError.self) { try template.issued(for: leafKey.publicKey, by: middle, key: leafKey) }
  }

  @Test func refusesBadTemplates() throws {
    let key = try PrivateKey.generate(.ed25519)
    func issue(_ name: String, _ names: [SubjectAltName] = [], days: Int = 1) throws {
      _ = try CertificateTemplate(
        subject: DistinguishedName(commonName: name), altNames: names, role: .leaf([]), notBefore: now,
        notAfter: now.adding(day * days)
      ).selfSigned(by: key)
    }
    try issue("ok", [.dns("a,DNS:b")])  // one name with a comma, not two names
    #expect(throws: CryptoError.self) { try issue("") }
    #expect(throws: CryptoError.self) { try issue(String(repeating: "x", count: 65)) }
    #expect(throws: CryptoError.self) { try issue("a\0b") }
    #expect(throws: CryptoError.self) { try issue("a", [.dns("a\0b")]) }
    #expect(throws: CryptoError.self) { try issue("a", [.dns("")]) }
    #expect(throws: CryptoError.self) { try issue("a", [.ip([1, 2, 3])]) }
    #expect(throws: CryptoError.self) { try issue("a", days: 0) }
    #expect(throws: CryptoError.self) { try SubjectAltName.ip(address: "localhost") }
  }

  @Test func datesBeyond2050() throws {
    let key = try PrivateKey.generate(.ed25519)
    let certificate = try CertificateTemplate(
      subject: DistinguishedName(commonName: "late"), role: .leaf([]), notBefore: UnixTime(0),
      notAfter: UnixTime(4_102_444_799)
    ).selfSigned(by: key)
    #expect(certificate.notBefore.description == "1970-01-01T00:00:00Z")
    #expect(certificate.notAfter.description == "2099-12-31T23:59:59Z")
  }

  @Test(arguments: KeyTests.kinds)
  func requestsBothWays(_ kind: KeyAlgorithm) throws {
    let key = try PrivateKey.generate(kind)
    let ours = try CertificateRequest(
      subject: DistinguishedName(commonName: "node-1"), altNames: [.uri("spiffe://aether.local/node/1")], key: key)
    #expect(try CertificateRequest(pem: ours.pem).publicKey == key.publicKey)
    try withTemporaryDirectory { directory in
      let path = "\(directory)/ours.csr"
      try Data(ours.pem.utf8).write(to: URL(fileURLWithPath: path))
      let checked = try openssl(["req", "-in", path, "-verify", "-noout", "-text"])
      #expect(checked.code == 0 && checked.output.contains("URI:spiffe://aether.local/node/1"))
      let algorithm =
        switch kind {
        case .ed25519: ["-algorithm", "ED25519"]
        case .p256: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
        case .rsa: ["-algorithm", "RSA"]
        }
      #expect(try openssl(["genpkey", "-out", "\(directory)/k.pem"] + algorithm).code == 0)
      let made = try openssl([
        "req", "-new", "-key", "\(directory)/k.pem", "-subj", "/O=Them/CN=n", "-addext",
        "subjectAltName=DNS:n.example,IP:10.0.0.1",
      ])
      let theirs = try CertificateRequest(pem: made.output)
      #expect(theirs.subject == DistinguishedName(commonName: "n", organization: "Them"))
      #expect(theirs.altNames == [.dns("n.example"), .ip([10, 0, 0, 1])])
      var forged = theirs.der
      forged[forged.count - 1] ^= 1
      #expect(throws: CryptoError.self) { try CertificateRequest(der: forged) }
    }
  }

  /// Mutated keys, certificates, requests and PEM texts are refused or read, never worse.
  @Test func survivesMutations() throws {
    var random = SeededNumbers.forTest("survivesMutations")
    let authority = try Authority()
    let (key, leaf) = try authority.leaf()
    let request = try CertificateRequest(
      subject: DistinguishedName(commonName: "r"), altNames: [.dns("r")], key: key)
    let rsa = try PrivateKey.generate(.rsa(bits: 2048))
    let ders = [
      leaf.der, authority.certificate.der, request.der, try key.der().exposed(), try rsa.der().exposed(),
      try rsa.publicKey.der(), try key.publicKey.der(),
    ]
    let pems = [leaf.pem + authority.certificate.pem, request.pem].map { Array($0.utf8) }
    for round in 0..<2000 {
      let isText = round.isMultiple(of: 4)
      var bytes = (isText ? pems : ders).randomElement(using: &random) ?? []
      for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: bytes.remove(at: index)
        case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
        default: bytes.removeLast(bytes.count - index)
        }
      }
      if isText {
        let text = String(decoding: bytes, as: UTF8.self)
        _ = try? Certificate.bundle(pem: text)
        _ = try? CertificateRequest(pem: text)
        _ = try? PrivateKey(pem: Secret(bytes))
        _ = try? PublicKey(pem: text)
      } else {
        if let certificate = try? Certificate(der: bytes) {
          try? TrustAnchors([authority.certificate]).verify(certificate, for: .serverAuth)
        }
        _ = try? CertificateRequest(der: bytes)
        if let key = try? PublicKey(der: bytes) { _ = key.verifies([1, 2, 3], of: [4]) }
        if let key = try? PrivateKey(der: Secret(bytes)) { _ = try? key.sign([1]) }
      }
      #expect(ERR_peek_error() == 0, "OpenSSL's error queue is left dirty")
    }
  }
}
