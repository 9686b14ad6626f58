import Synchronization

/// The one radio that keyboards over Bluetooth and services of apps share: one of both at a time.
final class BluetoothRadio: Sendable {
  enum Use: Sendable, Equatable { case hid, services }

  private let use = Mutex<Use?>(nil)

  var current: Use? { use.withLock { $0 } }

  /// - Throws: EBUSY while it is used for something else.
  func take(_ wanted: Use) throws(DeviceError) {
    let isFree = use.withLock { use in
      guard use == nil || use == wanted else { return false }
      use = wanted
      return true
    }
    if !isFree { throw .busy }
  }

  func giveBack(_ used: Use) {
    use.withLock { use in
      if use == used { use = nil }
    }
  }
}
