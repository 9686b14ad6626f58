import AppDevices
import Wasmtime

/// What the families of devices share.
extension HostCall where Host == AppHost {
  var devices: Devices { host.services.devices }
  var user: DeviceUser { host.deviceUser }

  /// Argument `index` as a coordinate or size.
  borrowing func number(_ index: Int) -> Int { Int(int(index)) }

  /// Calls a device; its error is the guest's.
  borrowing func onDevice<Answer>(
    _ body: () throws(DeviceError) -> Answer
  ) throws(NativeError) -> Answer {
    do throws(DeviceError) { return try body() } catch { throw .errno(error.errno) }
  }

  /// The same for something that the app has from then on, if it has not yet: a handle, and memory of the host.
  borrowing func taking<Answer>(
    _ isHeld: Bool, bytes: Int = 0, _ body: () throws(DeviceError) -> Answer
  ) throws(NativeError) -> Answer {
    guard !isHeld else { return try onDevice(body) }
    let host = host
    try host.handles.take()
    do throws(NativeError) {
      host.memory.see(linear: memorySize)
      if bytes > 0 { try host.charge(bytes) }
      do throws(NativeError) { return try onDevice(body) } catch {
        host.refund(bytes)
        throw error
      }
    } catch {
      host.handles.giveBack()
      throw error
    }
  }

  /// Gives it back.
  borrowing func gaveBack(bytes: Int = 0) {
    host.handles.giveBack()
    host.refund(bytes)
  }

  /// The same with bytes of the guest, whose address and length are the arguments `index` and `index + 1`.
  borrowing func onDevice<Answer>(
    bytes index: Int, _ body: (UnsafeMutableRawBufferPointer) throws(DeviceError) -> Answer
  ) throws(NativeError) -> Answer {
    let result: Result<Answer, DeviceError> = try withBytes(at: uint(index), count: uint(index + 1)) { bytes in
      do throws(DeviceError) { return .success(try body(bytes)) } catch { return .failure(error) }
    }
    switch result {
    case .success(let answer): return answer
    case .failure(let error): throw .errno(error.errno)
    }
  }

  /// Writes what a queue has given into the buffer of arguments `index` and `index + 1`; the result is its length, 0 for `nil`.
  borrowing func answer(record: [UInt8]?, in index: Int) throws(NativeError) -> Int32 {
    guard let record else { return 0 }
    try write(record, to: index)
    return Int32(record.count)
  }

  /// Bytes of the buffer whose length is argument `index + 1`.
  borrowing func room(_ index: Int) -> Int { Int(uint(index + 1)) }
}
