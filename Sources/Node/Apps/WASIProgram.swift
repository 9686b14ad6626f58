import AppABI

/// Rights of a descriptor (witx/typenames.witx, rights).
struct WASIRights: OptionSet {
  let rawValue: UInt64
  static let read = WASIRights(rawValue: 1 << 1)
  static let seek = WASIRights(rawValue: 1 << 2)
  static let setFlags = WASIRights(rawValue: 1 << 3)
  static let sync = WASIRights(rawValue: 1 << 4)
  static let tell = WASIRights(rawValue: 1 << 5)
  static let write = WASIRights(rawValue: 1 << 6)
  static let advise = WASIRights(rawValue: 1 << 7)
  static let allocate = WASIRights(rawValue: 1 << 8)
  static let createFolder = WASIRights(rawValue: 1 << 9)
  static let createFile = WASIRights(rawValue: 1 << 10)
  static let open = WASIRights(rawValue: 1 << 13)
  static let list = WASIRights(rawValue: 1 << 14)
  static let readLink = WASIRights(rawValue: 1 << 15)
  static let renameFrom = WASIRights(rawValue: 1 << 16)
  static let renameTo = WASIRights(rawValue: 1 << 17)
  static let pathStatus = WASIRights(rawValue: 1 << 18)
  static let pathSize = WASIRights(rawValue: 1 << 19)
  static let pathTimes = WASIRights(rawValue: 1 << 20)
  static let status = WASIRights(rawValue: 1 << 21)
  static let resize = WASIRights(rawValue: 1 << 22)
  static let times = WASIRights(rawValue: 1 << 23)
  static let removeFolder = WASIRights(rawValue: 1 << 25)
  static let removeFile = WASIRights(rawValue: 1 << 26)
  static let poll = WASIRights(rawValue: 1 << 27)
  /// `fd_datasync`; it comes with `sync`.
  static let dataSync = WASIRights(rawValue: 1 << 0)

  static let ofInput: WASIRights = [.read, .setFlags, .status, .poll]
  static let ofOutput: WASIRights = [.write, .setFlags, .status, .poll]
  /// Of every file, with what it was opened for.
  static let ofFile: WASIRights = [.seek, .setFlags, .sync, .dataSync, .tell, .advise, .status, .times, .poll]
  static let ofWriting: WASIRights = [.write, .allocate, .resize]
  static let ofFolder: WASIRights = [
    .createFolder, .createFile, .open, .list, .readLink, .renameFrom, .renameTo, .pathStatus, .pathSize, .pathTimes,
    .status, .times, .removeFolder, .removeFile, .sync, .dataSync, .setFlags,
  ]
  /// What can come of a folder.
  static let ofContents: WASIRights = [.ofFile, .ofWriting, .ofFolder, .read]
}

/// What a number of a program stands for.
struct WASIDescriptor {
  enum Target {
    case input
    case output(isError: Bool)
    /// A handle of ``AppFiles``.
    case file(Int32)
    /// The same; `nil`: the app's own folder, which is open from the beginning.
    case folder(Int32?)
  }

  var target: Target
  var rights: WASIRights
  /// The most that may be opened from here.
  var inheriting: WASIRights = []
  var flags: WASIFlags = []
  /// Names as they were when a program began to ask for them, so that what it removes meanwhile shifts none.
  var listing: [AppFiles.Entry]?
  /// What the host holds for it.
  var listingBytes = 0

  var handle: Int32? {
    switch target {
    case .file(let handle), .folder(let handle?): handle
    case .input, .output, .folder(nil): nil
    }
  }

  /// Of `filetype` (witx/typenames.witx). Output counts as a terminal, so that C libraries write each line when it is whole.
  var kind: UInt8 {
    switch target {
    case .input, .output: 2
    case .folder: 3
    case .file: 4
    }
  }

  /// Why something cannot be done with it.
  func refusal(of right: WASIRights) -> NativeError {
    switch target {
    case .folder where !right.isDisjoint(with: [.read, .write]): .isDirectory
    case .input, .output: right.isDisjoint(with: [.seek, .tell]) ? .badHandle : .noSeek
    case .file where !right.isDisjoint(with: .ofFolder.subtracting(.ofFile)): .notDirectory
    default: .badHandle
    }
  }
}

struct WASIFlags: OptionSet {
  let rawValue: UInt16
  static let append = WASIFlags(rawValue: 1)
  static let dataSync = WASIFlags(rawValue: 2)
  static let nonBlocking = WASIFlags(rawValue: 4)
  static let readSync = WASIFlags(rawValue: 8)
  static let sync = WASIFlags(rawValue: 16)
  static let all: WASIFlags = [.append, .dataSync, .nonBlocking, .readSync, .sync]
}

/// What an ordinary program has beside what every app has. Used by the app's thread alone.
final class WASIProgram {
  /// With a zero byte behind each one.
  let arguments: [[UInt8]]
  let environment: [[UInt8]]
  /// By number. What files and folders there are limits how many.
  private var descriptors: [WASIDescriptor?]

  /// - Parameter hasFolder: the app has a folder of its own, which is descriptor 3, called `/`.
  init(arguments: [String], environment: [String: String], hasFolder: Bool) {
    // A text ends at its first zero byte, as the program will see it.
    func text(_ text: String) -> [UInt8] { Array(text.utf8.prefix { $0 != 0 }) + [0] }
    self.arguments = arguments.map(text)
    self.environment = environment.sorted { $0.key < $1.key }.map { text("\($0.key)=\($0.value)") }
    descriptors = [
      WASIDescriptor(target: .input, rights: .ofInput),
      WASIDescriptor(target: .output(isError: false), rights: .ofOutput),
      WASIDescriptor(target: .output(isError: true), rights: .ofOutput),
    ]
    if hasFolder {
      descriptors.append(WASIDescriptor(target: .folder(nil), rights: .ofFolder, inheriting: .ofContents))
    }
  }

  subscript(number: Int32) -> WASIDescriptor? {
    get { descriptors.indices.contains(Int(number)) ? descriptors[Int(number)] : nil }
    set { if descriptors.indices.contains(Int(number)) { descriptors[Int(number)] = newValue } }
  }

  /// Gives the lowest number that is free.
  func add(_ descriptor: WASIDescriptor) -> Int32 {
    if let number = descriptors.firstIndex(where: { $0 == nil }) {
      descriptors[number] = descriptor
      return Int32(number)
    }
    descriptors.append(descriptor)
    return Int32(descriptors.count - 1)
  }
}
