import CNghttp2

/// Lends header fields to nghttp2, which copies them before the call returns.
enum HTTP2Fields {
  static func withRequest(
    _ head: HTTPRequestHead, target: String, _ body: (UnsafeMutableBufferPointer<nghttp2_nv>) -> Int32
  ) -> Int32 {
    var method = head.method.name
    var scheme = head.scheme
    var authority = head.authority
    var target = target
    return method.withUTF8 { method in
      scheme.withUTF8 { scheme in
        authority.withUTF8 { authority in
          target.withUTF8 { target in
            withFields(head.headers, extra: 4) { fields, count in
              fields[0] = pseudo(":method", method)
              fields[1] = pseudo(":scheme", scheme)
              fields[2] = pseudo(":authority", authority)
              fields[3] = pseudo(":path", target)
              return body(UnsafeMutableBufferPointer(rebasing: fields[..<count]))
            }
          }
        }
      }
    }
  }

  static func withResponse(_ head: HTTPResponseHead, _ body: (UnsafeMutableBufferPointer<nghttp2_nv>) -> Void) {
    let code = head.status.rawValue
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 3) { digits in
      digits[0] = UInt8(ascii: "0") + UInt8(code / 100 % 10)
      digits[1] = UInt8(ascii: "0") + UInt8(code / 10 % 10)
      digits[2] = UInt8(ascii: "0") + UInt8(code % 10)
      withFields(head.headers, extra: 1) { fields, count in
        fields[0] = pseudo(":status", UnsafeBufferPointer(digits))
        body(UnsafeMutableBufferPointer(rebasing: fields[..<count]))
      }
    }
  }

  static func withTrailers(_ trailers: HTTPHeaders, _ body: (UnsafeMutableBufferPointer<nghttp2_nv>) -> Void) {
    withFields(trailers, extra: 0) { fields, count in
      body(UnsafeMutableBufferPointer(rebasing: fields[..<count]))
    }
  }

  /// Fields that HTTP/2 forbids (RFC 9113 section 8.2.2) are left out.
  private static func withFields<Result>(
    _ headers: HTTPHeaders, extra: Int, _ body: (UnsafeMutableBufferPointer<nghttp2_nv>, Int) -> Result
  ) -> Result {
    headers.bytes.withUnsafeBufferPointer { bytes in
      withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: headers.count + max(extra, 1)) { fields in
        var count = extra
        for field in headers.fields {
          let start = Int(field.start)
          let name = UnsafeBufferPointer(rebasing: bytes[start..<start + Int(field.nameCount)])
          if isConnectionSpecific(name) { continue }
          let middle = start + Int(field.nameCount)
          let value = UnsafeBufferPointer(rebasing: bytes[middle..<middle + Int(field.valueCount)])
          fields[count] = nghttp2_nv(
            name: UnsafeMutablePointer(mutating: name.baseAddress),
            value: UnsafeMutablePointer(mutating: value.baseAddress), namelen: name.count, valuelen: value.count,
            flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue))
          count += 1
        }
        return body(fields, count)
      }
    }
  }

  private static func isConnectionSpecific(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
    switch name.count {
    case 7: name.elementsEqual("upgrade".utf8)
    case 10: name.elementsEqual("connection".utf8) || name.elementsEqual("keep-alive".utf8)
    case 16: name.elementsEqual("proxy-connection".utf8)
    case 17: name.elementsEqual("transfer-encoding".utf8)
    default: false
    }
  }

  /// nghttp2 never writes through these pointers; its struct only lacks the `const`.
  private static func pseudo(_ name: StaticString, _ value: UnsafeBufferPointer<UInt8>) -> nghttp2_nv {
    nghttp2_nv(
      name: UnsafeMutablePointer(mutating: name.utf8Start), value: UnsafeMutablePointer(mutating: value.baseAddress),
      namelen: name.utf8CodeUnitCount, valuelen: value.count, flags: UInt8(NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue))
  }
}
