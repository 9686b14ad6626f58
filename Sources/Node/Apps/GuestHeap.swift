import Wasmtime

/// Blocks that the host hands out inside of the guest's memory, in pages that it has added to it. The book is kept outside, so
/// that a guest that writes over its blocks damages nobody else.
struct GuestHeap {
  /// Of one block.
  static let blockBytesMax: UInt32 = 16 << 20
  /// What the book costs the host for each block.
  static let bookBytes = 64
  /// Blocks whose place in the book costs nothing; that of others counts like their bytes, so that many small ones are no way
  /// around the quota.
  static let freeBlocks = 64

  /// The bytes that were asked for, by address.
  private var blocks: [UInt32: UInt32] = [:]
  /// Free ranges by address, never two that touch.
  private var free: [(address: UInt32, size: UInt32)] = []
  private(set) var bytesUsed = 0

  /// Of the book.
  var bookBytesUsed: Int { blocks.count * Self.bookBytes }

  /// - Parameters:
  ///   - bytesMax: of all blocks together, as they were asked for.
  ///   - memoryEnd: bytes that the memory has now.
  ///   - grow: adds so many pages to the memory and gives the address of the first one.
  mutating func allocate(
    _ size: UInt32, bytesMax: Int, memoryEnd: Int, grow: (UInt32) -> UInt32?
  ) -> UInt32? {
    guard size > 0, size <= Self.blockBytesMax else { return nil }
    let rounded = Self.rounded(size)
    let book = max(0, blocks.count + 1 - Self.freeBlocks) * Self.bookBytes
    guard bytesUsed + Int(size) + book <= bytesMax else { return nil }
    var index = free.firstIndex { $0.size >= rounded }
    if index == nil {
      // What is free at the memory's end is the beginning of the block.
      let tail = free.last.map { Int($0.address) + Int($0.size) == memoryEnd ? $0.size : 0 } ?? 0
      let pages = (rounded - tail + 65535) / 65536
      guard let address = grow(pages) else { return nil }
      release(address, pages * 65536)
      index = free.firstIndex { $0.size >= rounded }
    }
    guard let index else { return nil }
    let address = free[index].address
    if free[index].size == rounded {
      free.remove(at: index)
    } else {
      free[index] = (address + rounded, free[index].size - rounded)
    }
    blocks[address] = size
    bytesUsed += Int(size)
    return address
  }

  /// False for an address that was not handed out.
  mutating func free(_ address: UInt32) -> Bool {
    guard let size = blocks.removeValue(forKey: address) else { return false }
    bytesUsed -= Int(size)
    release(address, Self.rounded(size))
    return true
  }

  private static func rounded(_ size: UInt32) -> UInt32 { (size + 7) & ~7 }

  /// Bytes of a block, as they were asked for.
  func size(of address: UInt32) -> UInt32? { blocks[address] }

  private mutating func release(_ address: UInt32, _ size: UInt32) {
    var low = 0
    var high = free.count
    while low < high {
      let middle = (low + high) / 2
      if free[middle].address < address { low = middle + 1 } else { high = middle }
    }
    free.insert((address, size), at: low)
    if low + 1 < free.count, free[low].address + free[low].size == free[low + 1].address {
      free[low].size += free[low + 1].size
      free.remove(at: low + 1)
    }
    if low > 0, free[low - 1].address + free[low - 1].size == free[low].address {
      free[low - 1].size += free[low].size
      free.remove(at: low)
    }
  }
}
