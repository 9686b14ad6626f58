import AppDevices
import Wasmtime

/// UART and I2C.
extension NativeLibrary {
  mutating func addBuses() {
    define("uart_open") { (call) throws(NativeError) in
      try call.taking(false, bytes: UART.receivedMax) { () throws(DeviceError) in
        try call.devices.uart.open(call.user, port: call.int(0), baud: call.int(1))
      }
    }
    define("uart_write") { (call) throws(NativeError) in
      Int32(
        try call.onDevice(bytes: 1) { (bytes) throws(DeviceError) in
          try call.devices.uart.write(call.user, call.int(0), UnsafeRawBufferPointer(bytes))
        })
    }
    define("uart_read") { (call) throws(NativeError) in
      Int32(
        try call.onDevice(bytes: 1) { (bytes) throws(DeviceError) in
          try call.devices.uart.read(call.user, call.int(0), bytes)
        })
    }
    define("uart_close") { (call) throws(NativeError) in
      try call.onDevice { () throws(DeviceError) in try call.devices.uart.close(call.user, call.int(0)) }
      call.gaveBack(bytes: UART.receivedMax)
      return 0
    }

    define("i2c_read_reg") { (call) throws(NativeError) in
      let i2c = call.devices.i2c
      let bytes = try call.taking(i2c.holds(bus: call.int(0), address: call.int(1), call.user)) {
        () throws(DeviceError) in
        try i2c.read(
          call.user, bus: call.int(0), address: call.int(1), register: call.int(2), count: call.room(3))
      }
      try call.write(bytes, to: 3)
      return 0
    }
    define("i2c_write_reg") { (call) throws(NativeError) in
      let bytes = try call.bytes(3)
      let i2c = call.devices.i2c
      try call.taking(i2c.holds(bus: call.int(0), address: call.int(1), call.user)) { () throws(DeviceError) in
        try i2c.write(call.user, bus: call.int(0), address: call.int(1), register: call.int(2), bytes)
      }
      return 0
    }
  }
}
