/// Sockets over rings in the guest's memory.
extension NativeLibrary {
  mutating func addNetwork() {
    define("net_open") { (call) throws(NativeError) in try call.host.network.open(call.int(0), call) }
    define("net_connect") { (call) throws(NativeError) in
      try call.host.network.connect(call.int(0), to: try call.text(1), port: call.int(2), call)
      return 0
    }
    define("net_bind") { (call) throws(NativeError) in
      try call.host.network.bind(call.int(0), port: call.int(1), call)
      return 0
    }
    define("net_listen") { (call) throws(NativeError) in
      try call.host.network.listen(call.int(0), backlog: call.int(1), call)
      return 0
    }
    define("net_close") { (call) throws(NativeError) in
      let host = call.host
      // What the guest has written before belongs to the stream still.
      _ = host.network.pump(call)
      try host.network.close(call.int(0), host)
      return 0
    }
    define("net_tx_bind") { (call) throws(NativeError) in
      try call.host.network.bindRing(call.int(0), isTx: true, call)
      return 0
    }
    define("net_rx_bind") { (call) throws(NativeError) in
      try call.host.network.bindRing(call.int(0), isTx: false, call)
      return 0
    }
    define("net_tx_flush") { (call) throws(NativeError) in try call.host.network.flush(call.int(0), call) }
    define("net_event_pop") { (call) throws(NativeError) in
      guard call.uint(1) >= 4 else { throw .invalid }
      let host = call.host
      _ = host.network.pump(call)
      guard let event = host.network.nextEvent() else {
        // Guests may look at the type alone: that of no event is 0.
        try call.store(0 as UInt32, to: 0)
        return 0
      }
      try call.write(event.bytes, to: 0)
      return 1
    }
    define("net_get_ip") { (call) throws(NativeError) in
      guard call.uint(1) >= 16 else { throw .invalid }
      guard let address = NetworkHost.address() else { throw .noData }
      _ = try call.answer(text: address, in: 0)
      return 0
    }
  }
}
