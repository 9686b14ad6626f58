import AppFormat

/// Writes pictures of RGB565 pixels as PNG (ISO 15948): 8 bits for each of three colours, one chunk of data.
enum PNG {
  static func encode(_ pixels: [UInt16], width: Int, height: Int) -> [UInt8] {
    var rows: [UInt8] = []
    rows.reserveCapacity(height * (1 + width * 3))
    for row in 0..<height {
      // No filter: neighbours are mostly equal, which the compression finds by itself.
      rows.append(0)
      for pixel in pixels[row * width..<(row + 1) * width] {
        let red = UInt8(pixel >> 11)
        let green = UInt8(pixel >> 5 & 63)
        let blue = UInt8(pixel & 31)
        rows.append(red << 3 | red >> 2)
        rows.append(green << 2 | green >> 4)
        rows.append(blue << 3 | blue >> 2)
      }
    }
    var png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    // Bit depth 8, colour type 2 (red, green, blue), and the only compression, filter method and order.
    append("IHDR", bigEndian(UInt32(width)) + bigEndian(UInt32(height)) + [8, 2, 0, 0, 0], to: &png)
    append("IDAT", [0x78, 0x01] + Deflate.compress(rows) + bigEndian(adler32(rows)), to: &png)
    append("IEND", [], to: &png)
    return png
  }

  private static func append(_ type: String, _ data: [UInt8], to png: inout [UInt8]) {
    let checked = Array(type.utf8) + data
    png += bigEndian(UInt32(data.count)) + checked + bigEndian(CRC32.checksum(checked))
  }

  private static func bigEndian(_ number: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }

  /// RFC 1950 section 8.2.
  private static func adler32(_ bytes: [UInt8]) -> UInt32 {
    var low: UInt32 = 1
    var high: UInt32 = 0
    for byte in bytes {
      low = (low + UInt32(byte)) % 65521
      high = (high + low) % 65521
    }
    return high << 16 | low
  }
}
