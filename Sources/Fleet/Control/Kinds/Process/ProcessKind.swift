import JSON
import Model

/// A program that runs in a cell.
enum ProcessKind {
  static let definition = KindDefinition.embedded(
    "Process", plural: "processes", singular: "process", shortNames: ["p", "ps"],
    summary: "A program that runs in a cell. The cell is the name without its last component.",
    schema: PackageResources.process_json,
    columns: [
      PrinterColumn("NAME", "metadata.name"),
      PrinterColumn("PHASE", "status.phase"),
      PrinterColumn("PID", "status.pid", .integer),
      PrinterColumn("RESTARTS", "status.restarts", .integer),
      PrinterColumn("EXIT", "status.lastExit.summary"),
      PrinterColumn("AGE", "metadata.createdAt", .age),
      PrinterColumn("CPU", "status.usage.cpu", .cpu, isWide: true),
      PrinterColumn("MEMORY", "status.usage.memory", .bytes, isWide: true),
      PrinterColumn("COMMAND", "spec.command", .list, isWide: true),
      PrinterColumn("MESSAGE", "status.message", isWide: true),
    ],
    parentKind: "Cell", validate: validate)

  /// capabilities(7)
  static let capabilities: Set<String> = [
    "AUDIT_CONTROL", "AUDIT_READ", "AUDIT_WRITE", "BLOCK_SUSPEND", "BPF", "CHECKPOINT_RESTORE", "CHOWN", "DAC_OVERRIDE",
    "DAC_READ_SEARCH", "FOWNER", "FSETID", "IPC_LOCK", "IPC_OWNER", "KILL", "LEASE", "LINUX_IMMUTABLE", "MAC_ADMIN",
    "MAC_OVERRIDE", "MKNOD", "NET_ADMIN", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_RAW", "PERFMON", "SETFCAP",
    "SETGID",
    "SETPCAP", "SETUID", "SYSLOG", "SYS_ADMIN", "SYS_BOOT", "SYS_CHROOT", "SYS_MODULE", "SYS_NICE", "SYS_PACCT",
    "SYS_PTRACE", "SYS_RAWIO", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "WAKE_ALARM",
  ]

  /// No field is frozen at creation: `restart` and `stop` take effect at once, everything else by a restart.
  @Sendable static func validate(_ resource: Resource, _ previous: Resource?) throws(APIError) {
    let spec = try ProcessSpec(resource.spec)
    guard let program = spec.command.first, !program.isEmpty else {
      throw .invalid("spec.command[0]", "is empty", accepted: "a program")
    }
    for name in spec.environment.keys.sorted() where name.isEmpty || name.contains("=") {
      throw .invalid("spec.environment", "has the name \"\(name.prefix(80))\"", accepted: "a name without =")
    }
    for (index, name) in spec.capabilities.enumerated() where !capabilities.contains(name) {
      throw .invalid(
        "spec.capabilities[\(index)]", "is \"\(name)\"", accepted: capabilities.sorted().joined(separator: ", "))
    }
    guard spec.restart.backoff.first <= spec.restart.backoff.last else {
      throw .invalid("spec.restart.backoffMin", "is above spec.restart.backoffMax")
    }
    if spec.hasTerminal, spec.stdin != nil {
      throw .invalid("spec.stdin", "cannot be given to a process with a terminal", accepted: "either stdin or tty")
    }
  }
}
