import Script

/// A script ready to be loaded into a machine. Images without the script machine have another one, which is a name.
struct CompiledScript: Sendable {
  /// How scripts must be given in the form for devices.
  static var form: DeviceForm.Scripts { .code }

  let program: Program

  init(_ program: Program) { self.program = program }

  /// - Returns: `nil` when the bytes are not a program.
  init?(form bytes: [UInt8]) {
    guard let program = Program(encoded: bytes) else { return nil }
    self.program = program
  }

  var encoded: [UInt8] { program.encoded }

  /// A function of the library that it may call and this image leaves out.
  var functionLeftOut: Name? { program.functionLeftOut }
}
