import Script

/// Stands for a compiled script in images without the script machine: the name of something that native code does.
struct CompiledScript: Sendable {
  static var form: DeviceForm.Scripts { .names }

  let name: Name

  init(_ program: Program) { name = program.name }
  init?(form bytes: [UInt8]) { name = bytes }

  var encoded: [UInt8] { name }
  var functionLeftOut: Name? { nil }
}
