// Reading and writing tables without metamethods.
//
// Keys 1...n lie in the array, every other key in a list of entries in order of insertion. `next` gives the array first,
// then the entries in that order, on every target.

extension TableObject {
  /// Entry capacity up to which a plain search is used.
  static let plainSearchMax = 8

  @inline(__always) static func integerIndex(_ table: TableRef, _ key: Int64) -> Value {
    let index = UInt64(bitPattern: key &- 1)
    if index < UInt64(UInt32(bitPattern: table.pointee.arrayCount)) {
      return table.pointee.array.unsafelyUnwrapped[Int(truncatingIfNeeded: index)]
    }
    return table.pointee.entryCount == 0 ? .null : entryValue(table, .integer(key))
  }

  /// The entry of a key that is not `nil`, not NaN, and not a float with an integer value; -1 when there is none.
  static func find(_ table: TableRef, _ key: Value) -> Int32 {
    let count = table.pointee.entryCount
    guard count > 0, let entries = table.pointee.entries else { return -1 }
    guard let buckets = table.pointee.buckets else {
      if key.tag == Tag.longString {
        for index in 0..<count where entries[Int(index)].key.equals(key) { return index }
        return -1
      }
      for index in 0..<count {
        let own = entries[Int(index)].key
        if own.bits == key.bits && own.tag == key.tag { return index }
      }
      return -1
    }
    var index = buckets[Int(Hash.value(key) & UInt32(table.pointee.entryCapacity - 1))]
    while index >= 0 {
      let own = entries[Int(index)].key
      if own.bits == key.bits && own.tag == key.tag { return index }
      if key.tag == Tag.longString && own.equals(key) { return index }
      index = entries[Int(index)].next
    }
    return -1
  }

  static func entryValue(_ table: TableRef, _ key: Value) -> Value {
    let index = find(table, key)
    return index < 0 ? .null : table.pointee.entries.unsafelyUnwrapped[Int(index)].value
  }

  /// The value of a field; `hint` remembers the entry where the name was found last, in any table.
  @inline(__always) static func field(
    _ table: TableRef, _ name: Value, _ hint: UnsafeMutablePointer<Int32>
  ) -> Value {
    let last = hint.pointee
    if last < table.pointee.entryCount {
      let entry = table.pointee.entries.unsafelyUnwrapped + Int(last)
      if entry.pointee.key.bits == name.bits && entry.pointee.key.tag == name.tag { return entry.pointee.value }
    }
    let index = find(table, name)
    guard index >= 0 else { return .null }
    hint.pointee = index
    return table.pointee.entries.unsafelyUnwrapped[Int(index)].value
  }

  /// Where the value of an existing, non-`nil` field is.
  @inline(__always) static func fieldLocation(
    _ table: TableRef, _ name: Value, _ hint: UnsafeMutablePointer<Int32>
  ) -> ValueRef? {
    guard let entries = table.pointee.entries else { return nil }
    var index = hint.pointee
    if index >= table.pointee.entryCount || entries[Int(index)].key.bits != name.bits
      || entries[Int(index)].key.tag != name.tag
    {
      index = find(table, name)
      if index < 0 { return nil }
      hint.pointee = index
    }
    let location = valueLocation(entries + Int(index))
    return location.pointee.tag == Tag.none ? nil : location
  }

  @inline(__always) static func valueLocation(_ entry: UnsafeMutablePointer<TableEntry>) -> ValueRef {
    (UnsafeMutableRawPointer(entry) + 16).assumingMemoryBound(to: Value.self)
  }

  /// The value of any key.
  static func value(_ table: TableRef, _ key: Value) -> Value {
    switch key.tag {
    case Tag.integer: return integerIndex(table, key.integer)
    case Tag.none: return .null
    case Tag.float:
      if let integer = Numbers.exactInteger(key.float) { return integerIndex(table, integer) }
      return entryValue(table, key)
    default: return entryValue(table, key)
    }
  }

  /// A border: n with t[n] not `nil` and t[n + 1] `nil`, or 0.
  static func border(_ table: TableRef) -> Int64 {
    Int64(table.pointee.arrayCount)
  }

  static func value(_ table: TableRef, named name: StringRef) -> Value { entryValue(table, Value(name)) }

  /// The pair after `key`, in slots `result` and `result + 1`; `false` at the end, none for a key that is not there.
  static func next(_ table: TableRef, _ key: Value, _ result: ValueRef) -> Bool? {
    var position: Int32 = 0
    if key.tag != Tag.none {
      let normal = normalized(key)
      if normal.tag == Tag.integer, normal.integer >= 1, normal.integer <= Int64(table.pointee.arrayCount) {
        position = Int32(truncatingIfNeeded: normal.integer)
      } else {
        let index = find(table, normal)
        if index >= 0 {
          position = table.pointee.arrayCount + index + 1
        } else if normal.tag == Tag.integer, normal.integer >= 1, normal.integer <= Int64(table.pointee.arrayCapacity) {
          position = table.pointee.arrayCount
        } else {
          return nil
        }
      }
    }
    return pair(table, at: position, result)
  }

  /// The first pair at or after a position: array slots, then entries.
  @inline(__always) static func pair(_ table: TableRef, at start: Int32, _ result: ValueRef) -> Bool {
    var position = start
    let arrayCount = table.pointee.arrayCount
    while position < arrayCount {
      let value = table.pointee.array.unsafelyUnwrapped[Int(position)]
      position += 1
      if value.tag != Tag.none {
        result[0] = .integer(Int64(position))
        result[1] = value
        return true
      }
    }
    var index = position - arrayCount
    while index < table.pointee.entryCount {
      let entry = table.pointee.entries.unsafelyUnwrapped + Int(index)
      if entry.pointee.value.tag != Tag.none {
        result[0] = entry.pointee.key
        result[1] = entry.pointee.value
        return true
      }
      index += 1
    }
    return false
  }

  static func normalized(_ key: Value) -> Value {
    if key.tag == Tag.float, let integer = Numbers.exactInteger(key.float) { return .integer(integer) }
    return key
  }
}

extension Machine {
  /// Sets a value without metamethods. The key is neither `nil` nor NaN.
  func set(_ table: TableRef, _ key: Value, _ value: Value) throws(Trap) {
    let key = TableObject.normalized(key)
    table.pointee.header.flags = 0
    if key.tag == Tag.integer {
      try setInteger(table, key.integer, value)
    } else {
      try setEntry(table, key, value)
    }
  }

  func set(_ table: TableRef, _ name: StaticString, _ value: Value) throws(Trap) {
    push(value)
    let name = Value(try makeString(name))
    push(name)
    try set(table, name, value)
    top -= 2
  }

  @inline(__always) func setInteger(_ table: TableRef, _ key: Int64, _ value: Value) throws(Trap) {
    let index = key &- 1
    let count = table.pointee.arrayCount
    if index >= 0 && index < Int64(count) {
      table.pointee.array.unsafelyUnwrapped[Int(truncatingIfNeeded: index)] = value
      if value.tag == Tag.none && index == Int64(count) - 1 { trimArray(table) }
      return
    }
    if index == Int64(count) && value.tag != Tag.none {
      try appendToArray(table, value)
      return
    }
    try setEntry(table, .integer(key), value)
  }

  @inline(__always) func appendToArray(_ table: TableRef, _ value: Value) throws(Trap) {
    let count = table.pointee.arrayCount
    if count == table.pointee.arrayCapacity { try growArray(table, to: Int(count) + 1) }
    table.pointee.array.unsafelyUnwrapped[Int(count)] = value
    table.pointee.arrayCount = count + 1
    if table.pointee.entryCount > 0 { try moveEntriesToArray(table) }
  }

  private func trimArray(_ table: TableRef) {
    var count = table.pointee.arrayCount
    let array = table.pointee.array.unsafelyUnwrapped
    while count > 0, array[Int(count) - 1].tag == Tag.none { count -= 1 }
    table.pointee.arrayCount = count
  }

  /// After an append: the keys that follow may lie among the entries.
  private func moveEntriesToArray(_ table: TableRef) throws(Trap) {
    guard let entries = table.pointee.entries else { return }
    while true {
      let index = TableObject.find(table, .integer(Int64(table.pointee.arrayCount) + 1))
      guard index >= 0 else { return }
      let value = entries[Int(index)].value
      if value.tag == Tag.none { return }
      if table.pointee.arrayCount == table.pointee.arrayCapacity {
        try growArray(table, to: Int(table.pointee.arrayCount) + 1)
      }
      table.pointee.array.unsafelyUnwrapped[Int(table.pointee.arrayCount)] = value
      table.pointee.arrayCount += 1
      entries[Int(index)].value = .null
    }
  }

  func setEntry(_ table: TableRef, _ key: Value, _ value: Value) throws(Trap) {
    let index = TableObject.find(table, key)
    if index >= 0 {
      table.pointee.entries.unsafelyUnwrapped[Int(index)].value = value
      return
    }
    if value.tag == Tag.none { return }
    if table.pointee.entryCount == table.pointee.entryCapacity { try growEntries(table) }
    insertEntry(table, key, value)
  }

  /// Appends an entry; there is room and the key is new.
  func insertEntry(_ table: TableRef, _ key: Value, _ value: Value) {
    let entries = table.pointee.entries.unsafelyUnwrapped
    let index = table.pointee.entryCount
    var next: Int32 = -1
    if let buckets = table.pointee.buckets {
      let bucket = Int(Hash.value(key) & UInt32(table.pointee.entryCapacity - 1))
      next = buckets[bucket]
      buckets[bucket] = index
    }
    entries[Int(index)].key = key
    entries[Int(index)].next = next
    entries[Int(index)].value = value
    table.pointee.entryCount = index + 1
  }

  /// Makes room for at least one entry: drops removed ones, grows when less than a quarter was removed.
  private func growEntries(_ table: TableRef) throws(Trap) {
    var live = 0
    for index in 0..<Int(table.pointee.entryCount) {
      if table.pointee.entries.unsafelyUnwrapped[index].value.tag != Tag.none { live += 1 }
    }
    try resizeEntries(table, to: live + max(1, live / 3))
  }

  /// Lays the entries out anew with room for at least `count`, a power of two, without those that were removed.
  func resizeEntries(_ table: TableRef, to count: Int) throws(Trap) {
    guard count <= 1 << 26 else { throw .fault(.memory) }
    var capacity = 2
    while capacity < count { capacity *= 2 }
    let hasBuckets = capacity > TableObject.plainSearchMax
    let cost = capacity * (hasBuckets ? Cost.entry + Cost.bucket : Cost.entry)
    try account(cost)
    let old = table.pointee.entries
    let oldCount = Int(table.pointee.entryCount)
    heapBytes -= TableObject.cost(table) - Cost.table - Int(table.pointee.arrayCapacity) * Cost.slot
    table.pointee.buckets?.deallocate()
    table.pointee.buckets = nil
    if hasBuckets {
      let buckets = UnsafeMutablePointer<Int32>.allocate(capacity: capacity)
      buckets.initialize(repeating: -1, count: capacity)
      table.pointee.buckets = buckets
    }
    table.pointee.entries = UnsafeMutablePointer<TableEntry>.allocate(capacity: capacity)
    table.pointee.entryCapacity = Int32(capacity)
    table.pointee.entryCount = 0
    guard let old else { return }
    for index in 0..<oldCount where old[index].value.tag != Tag.none {
      insertEntry(table, old[index].key, old[index].value)
    }
    old.deallocate()
  }

  /// Makes the array hold at least `count` values.
  func growArray(_ table: TableRef, to count: Int) throws(Trap) {
    guard count <= 1 << 27 else { throw .fault(.memory) }
    let oldCapacity = Int(table.pointee.arrayCapacity)
    var capacity = max(4, oldCapacity)
    if count > oldCapacity * 2 && count > 4 { capacity = count } else { while capacity < count { capacity *= 2 } }
    try growArray(table, exactly: capacity)
  }

  func growArray(_ table: TableRef, exactly capacity: Int) throws(Trap) {
    let oldCapacity = Int(table.pointee.arrayCapacity)
    try account((capacity - oldCapacity) * Cost.slot)
    let array = ValueRef.allocate(capacity: capacity)
    let used = Int(table.pointee.arrayCount)
    if let old = table.pointee.array {
      array.update(from: old, count: used)
      old.deallocate()
    }
    (array + used).initialize(repeating: .null, count: capacity - used)
    table.pointee.array = array
    table.pointee.arrayCapacity = Int32(capacity)
  }
}
