import COpenSSL
import Glibc

/// A name a certificate speaks for (RFC 5280 section 4.2.1.6).
public enum SubjectAltName: Sendable, Hashable {
  case dns(String)
  /// 4 or 16 bytes in network order.
  case ip([UInt8])
  case uri(String)

  /// - Parameter address: an IPv4 or IPv6 address in its usual text form.
  public static func ip(address: String) throws(CryptoError) -> SubjectAltName {
    var four = in_addr()
    if inet_pton(AF_INET, address, &four) == 1 { return .ip(withUnsafeBytes(of: four) { Array($0) }) }
    var six = in6_addr()
    if inet_pton(AF_INET6, address, &six) == 1 { return .ip(withUnsafeBytes(of: six) { Array($0) }) }
    throw .invalidArgument(field: "address", reason: "'\(address)' is neither an IPv4 nor an IPv6 address")
  }
}

extension SubjectAltName: CustomStringConvertible {
  /// As OpenSSL writes it: `DNS:localhost`, `IP:127.0.0.1`, `URI:spiffe://…`.
  public var description: String {
    switch self {
    case .dns(let name): return "DNS:\(name)"
    case .uri(let uri): return "URI:\(uri)"
    case .ip(let bytes):
      var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
      let family = bytes.count == 4 ? AF_INET : AF_INET6
      guard bytes.count == 4 || bytes.count == 16, inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else {
        return "IP:?"
      }
      return "IP:" + text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "?" }
    }
  }
}

extension SubjectAltName {
  /// OpenSSL's GENERAL_NAMES. The caller frees it with `GENERAL_NAMES_free`.
  static func encode(_ names: [SubjectAltName]) throws(CryptoError) -> OpaquePointer {
    guard let stack = OPENSSL_sk_new_null() else { throw failure("encode names") }
    for name in names {
      do throws(CryptoError) {
        let encoded = try name.encode()
        guard OPENSSL_sk_push(stack, UnsafeRawPointer(encoded)) > 0 else {
          GENERAL_NAME_free(encoded)
          throw failure("encode names")
        }
      } catch {
        GENERAL_NAMES_free(stack)
        throw error
      }
    }
    return stack
  }

  private func encode() throws(CryptoError) -> UnsafeMutablePointer<GENERAL_NAME> {
    let content: [UInt8]
    let kind: Int32
    switch self {
    case .dns(let name):
      (content, kind) = (Array(name.utf8), GEN_DNS)
    case .uri(let uri):
      (content, kind) = (Array(uri.utf8), GEN_URI)
    case .ip(let bytes):
      guard bytes.count == 4 || bytes.count == 16 else {
        throw .invalidArgument(field: "ip", reason: "has 4 or 16 bytes, this one \(bytes.count)")
      }
      (content, kind) = (bytes, GEN_IPADD)
    }
    if kind != GEN_IPADD {
      guard (1...2048).contains(content.count), content.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
        throw .invalidArgument(
          field: kind == GEN_DNS ? "dns" : "uri", reason: "takes 1 to 2048 visible ASCII characters")
      }
    }
    guard let string = kind == GEN_IPADD ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new() else {
      throw failure("encode names")
    }
    guard let name = GENERAL_NAME_new(), ASN1_STRING_set(string, content, Int32(content.count)) == 1 else {
      ASN1_STRING_free(string)
      throw failure("encode names")
    }
    GENERAL_NAME_set0_value(name, kind, string)
    return name
  }

  /// The names of a GENERAL_NAMES that Aether knows; other kinds (directory, mail, other) are passed over.
  static func decode(_ stack: OpaquePointer) throws(CryptoError) -> [SubjectAltName] {
    let count = OPENSSL_sk_num(stack)
    guard count <= 1000 else { throw .invalidCertificate("more than 1000 subject alternative names") }
    var names: [SubjectAltName] = []
    for index in 0..<max(0, count) {
      guard let entry = OPENSSL_sk_value(stack, index)?.assumingMemoryBound(to: GENERAL_NAME.self) else { continue }
      var kind: Int32 = 0
      guard let value = GENERAL_NAME_get0_value(entry, &kind),
        [GEN_DNS, GEN_URI, GEN_IPADD].contains(kind)
      else { continue }
      let string = value.assumingMemoryBound(to: ASN1_STRING.self)
      let content = asn1Bytes(string)
      if kind == GEN_IPADD {
        guard content.count == 4 || content.count == 16 else {
          throw .invalidCertificate("an IP name has 4 or 16 bytes, this one \(content.count)")
        }
        names.append(.ip(content))
      } else {
        // A NUL inside would let C code elsewhere see another name than Swift does.
        guard content.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
          throw .invalidCertificate("a name has characters other than visible ASCII")
        }
        let text = String(decoding: content, as: UTF8.self)
        names.append(kind == GEN_DNS ? .dns(text) : .uri(text))
      }
    }
    return names
  }
}

func asn1Bytes(_ string: UnsafePointer<ASN1_STRING>) -> [UInt8] {
  Array(UnsafeBufferPointer(start: ASN1_STRING_get0_data(string), count: Int(ASN1_STRING_length(string))))
}
