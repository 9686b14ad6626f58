import Linux

/// Files of the kernel's industrial I/O (Documentation/ABI/testing/sysfs-bus-iio).
enum IIO {
  /// What a channel measures, in the kernel's unit for its kind: volts and degrees as thousandths, others whole.
  ///
  /// - Parameter channel: such as "in_accel_x". Offset and scale are its own or, by the name without its last part or its
  ///   number, those of all channels of the kind.
  static func value(_ folder: String, _ channel: String) -> Double? {
    if let ready = number("\(folder)/\(channel)_input") { return ready }
    guard let raw = number("\(folder)/\(channel)_raw") else { return nil }
    let value = (raw + (shared(folder, channel, "offset") ?? 0)) * (shared(folder, channel, "scale") ?? 1)
    return value.isFinite ? value : nil
  }

  private static func shared(_ folder: String, _ channel: String, _ name: String) -> Double? {
    if let own = number("\(folder)/\(channel)_\(name)") { return own }
    var kind = Substring(channel)
    while kind.utf8.last.map({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) == true { kind.removeLast() }
    if kind.utf8.count == channel.utf8.count, let end = channel.lastIndex(of: "_") { kind = channel[..<end] }
    return number("\(folder)/\(kind)_\(name)")
  }

  /// The number in a file.
  static func number(_ path: String) -> Double? {
    guard let text = try? Files.text(path), let value = Double(text.filter { !$0.isWhitespace }), value.isFinite else {
      return nil
    }
    return value
  }
}
