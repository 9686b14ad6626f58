/// The other end, played by the host: a central that finds the app's peripheral, and advertisements of others nearby.
extension BLE {
  /// What a scanning central sees, as bytes of the advertisement and of the answer to its question.
  public struct Advertisement: Sendable, Equatable {
    /// Flags, and the advertised service.
    public var data: [UInt8]
    /// The name.
    public var response: [UInt8]
  }

  public struct OfferedService: Sendable, Equatable {
    public var uuid: UUID128
    public var characteristics: [OfferedCharacteristic]
  }

  public struct OfferedCharacteristic: Sendable, Equatable {
    public var number: Int
    public var uuid: UUID128
    public var properties: Properties
    public var sizeMax: Int
  }

  /// A value that an app has sent to its subscriber.
  public struct Notification: Sendable, Equatable {
    public var uuid: UUID128
    public var value: [UInt8]
    public var isIndication: Bool
  }

  /// An advertisement of another device.
  public struct Nearby: Sendable, Equatable {
    /// Six bytes.
    public var address: [UInt8]
    /// Decibels over a milliwatt.
    public var signal: Int8
    /// At most 31 bytes.
    public var data: [UInt8]

    public init?(address: [UInt8], signal: Int8, data: [UInt8]) {
      guard address.count == 6, data.count <= 31 else { return nil }
      self.address = address
      self.signal = signal
      self.data = data
    }

    var record: [UInt8] { address + [UInt8(bitPattern: signal), UInt8(data.count)] + data }
  }

  public enum CentralError: Error, Sendable, Equatable {
    /// Nobody advertises, or a central is connected already.
    case notAdvertised
    case notConnected
    /// No service that is offered has such a characteristic.
    case noCharacteristic
    /// The characteristic does not have the property.
    case notPermitted
    case tooLong
    /// The app has not taken the events before.
    case busy
  }

  /// What is advertised; `nil` when nothing is, as while a central is connected.
  public var advertisement: Advertisement? {
    state.withLock { state in
      guard state.isAdvertising, !state.isConnected else { return nil }
      // Limited to discovery and Low Energy only.
      var data: [UInt8] = [2, 0x01, 0x06]
      // Complete list of services of 128 bits, the lowest byte first.
      if let service = state.advertisedService { data += [17, 0x07] + state.services[service].uuid.bytes.reversed() }
      let name = Array(state.name.utf8)
      return Advertisement(data: data, response: [UInt8(name.count + 1), 0x09] + name)
    }
  }

  /// Connects; advertising rests until the central has gone.
  public func connect() throws(CentralError) {
    try change { (state) throws(CentralError) in
      guard state.isAdvertising, !state.isConnected else { throw .notAdvertised }
      state.isConnected = true
      Self.note(.connected, &state)
    }
  }

  public func disconnect() throws(CentralError) {
    try change { (state) throws(CentralError) in
      guard state.isConnected else { throw .notConnected }
      state.isConnected = false
      for index in state.characteristics.indices { state.characteristics[index].isSubscribed = false }
      state.notifications = []
      Self.note(.disconnected, &state)
    }
  }

  /// What the connected app offers.
  public func discover() throws(CentralError) -> [OfferedService] {
    try change { (state) throws(CentralError) in
      guard state.isConnected else { throw .notConnected }
      return state.services.enumerated().filter { $0.element.isOffered }.map { index, service in
        OfferedService(
          uuid: service.uuid,
          characteristics: state.characteristics.enumerated().filter { $0.element.service == index }.map {
            OfferedCharacteristic(
              number: $0.offset, uuid: $0.element.uuid, properties: $0.element.properties,
              sizeMax: $0.element.sizeMax)
          })
      }
    }
  }

  public func read(_ uuid: UUID128) throws(CentralError) -> [UInt8] {
    try change { (state) throws(CentralError) in
      let own = state.characteristics[try Self.find(uuid, state)]
      guard own.properties.contains(.read) else { throw .notPermitted }
      return own.value
    }
  }

  /// Writes a value, of which the app gets an event. Without a response, nobody hears that there was no room for it.
  public func write(_ uuid: UUID128, _ bytes: [UInt8], withResponse: Bool = true) throws(CentralError) {
    try change { (state) throws(CentralError) in
      let index = try Self.find(uuid, state)
      let own = state.characteristics[index]
      guard own.properties.contains(withResponse ? .write : .writeWithoutResponse) else { throw .notPermitted }
      guard bytes.count <= own.sizeMax else { throw .tooLong }
      // Two places are kept for the end of the connection and the next one.
      guard state.events.count < Self.eventsMax - 2 else {
        if withResponse { throw .busy }
        return
      }
      state.characteristics[index].value = bytes
      Self.note(.written(characteristic: UInt8(index), bytes), &state)
    }
  }

  public func subscribe(_ uuid: UUID128, _ isOn: Bool = true) throws(CentralError) {
    try change { (state) throws(CentralError) in
      let index = try Self.find(uuid, state)
      guard !state.characteristics[index].properties.isDisjoint(with: [.notify, .indicate]) else {
        throw .notPermitted
      }
      state.characteristics[index].isSubscribed = isOn
    }
  }

  /// Takes what the app has sent to its subscriber.
  public func takeNotifications() -> [Notification] {
    state.withLock { state in
      let notifications = state.notifications
      state.notifications = []
      return notifications
    }
  }

  /// Plays the advertisement of another device. Gives how many apps have heard it.
  public func advertiseNearby(_ nearby: Nearby) -> Int {
    let now = monotonicNanoseconds()
    return state.withLock { state in
      var count = 0
      for (app, scan) in state.scans where scan.until > now && scan.heard.count < Self.queueMax {
        state.scans[app]?.heard.append(nearby)
        count += 1
      }
      return count
    }
  }

  private static func find(_ uuid: UUID128, _ state: State) throws(CentralError) -> Int {
    guard state.isConnected else { throw .notConnected }
    let index = state.characteristics.firstIndex { characteristic in
      characteristic.uuid == uuid && characteristic.service.map { state.services[$0].isOffered } == true
    }
    guard let index else { throw .noCharacteristic }
    return index
  }

  /// The oldest event goes when there is no room.
  private static func note(_ event: Event, _ state: inout State) {
    if state.events.count >= eventsMax { state.events.removeFirst() }
    state.events.append(event)
  }

  /// Changes the state, and wakes the app behind it.
  private func change<Answer: Sendable>(
    _ body: (inout State) throws(CentralError) -> Answer
  ) throws(CentralError) -> Answer {
    let (answer, owner) = try state.withLock { (state) throws(CentralError) -> (Answer, DeviceUser?) in
      (try body(&state), state.owner)
    }
    owner?.signal()
    return answer
  }
}
