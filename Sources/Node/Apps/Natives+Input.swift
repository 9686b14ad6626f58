import AppDevices
import Wasmtime

/// Buttons and the dial.
extension NativeLibrary {
  mutating func addInput() {
    define("input_get_buttons") { (call) throws(NativeError) in
      Int32(bitPattern: call.devices.input.held(for: call.user))
    }
    define("input_get_dial") { (call) throws(NativeError) in Int32(call.devices.input.dial(for: call.user)) }
    define("input_poll_event") { (call) throws(NativeError) in
      // The length is an argument of one of both forms.
      guard call.uint(0) != 0, call.argumentCount == 1 || call.uint(1) >= 8 else { throw .invalid }
      let host = call.host
      if !host.hasInputQueue {
        host.memory.see(linear: call.memorySize)
        try host.charge(InputDevice.queueBytes)
        host.hasInputQueue = true
      }
      guard let event = call.devices.input.next(for: call.user) else { return 0 }
      try call.write(event.bytes, to: 0)
      return 1
    }
  }
}
