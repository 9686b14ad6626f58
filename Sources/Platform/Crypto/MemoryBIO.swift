import COpenSSL

/// OpenSSL's in-memory stream, for the calls that read or write PEM.
struct MemoryBIO: ~Copyable {
  let pointer: OpaquePointer

  /// An empty stream to write to; OpenSSL wipes it when it is freed.
  init() throws(CryptoError) {
    guard let pointer = BIO_new(BIO_s_mem()) else { throw failure("allocate a buffer") }
    self.pointer = pointer
  }

  /// A stream that reads `bytes`, which must outlive it.
  init(reading bytes: UnsafeRawBufferPointer) throws(CryptoError) {
    guard !bytes.isEmpty, bytes.count <= Int32.max, let pointer = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count))
    else { throw .invalidArgument(field: "bytes", reason: "empty or longer than 2 GiB") }
    self.pointer = pointer
  }

  deinit { BIO_free(pointer) }

  func withContents<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    var start: UnsafeMutableRawPointer?
    let length = BIO_ctrl(pointer, BIO_CTRL_INFO, 0, &start)
    return body(UnsafeRawBufferPointer(start: start, count: max(0, length)))
  }

  func text() -> String { withContents { String(decoding: $0, as: UTF8.self) } }
}

/// What an `i2d_…` function writes for `object`.
func encodeDER<Object>(
  _ object: Object, _ operation: String,
  _ encode: (Object, UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32
) throws(CryptoError) -> [UInt8] {
  let length = encode(object, nil)
  guard length > 0 else { throw failure(operation) }
  let bytes = [UInt8](unsafeUninitializedCapacity: Int(length)) { buffer, count in
    var cursor = buffer.baseAddress
    count = encode(object, &cursor) == length ? Int(length) : 0
  }
  guard !bytes.isEmpty else { throw failure(operation) }
  return bytes
}
