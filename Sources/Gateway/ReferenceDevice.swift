import Artifacts
import Glibc
import HTTP
import HTTPServer
import JSON
import Model
import Telemetry

/// What the reference's paths say of the device itself, with this host in its place. What the host does not have is `null`, and
/// what it does not do is 501 with the reason: nothing is made up.
extension Gateway {
  var referenceDeviceRoutes: [Route] {
    [
      Route(.get, "/api/v1/info", deviceInfo),
      Route(.get, "/api/v1/status", deviceStatus),
      Route(.get, "/api/v1/telemetry", deviceTelemetry),
      Route(.get, "/api/v1/settings", deviceSettings),
      Route(.put, "/api/v1/settings", changeDeviceSettings),
      Route(.post, "/api/v1/settings", changeDeviceSettings),
      Route(.post, "/api/v1/power", devicePower),
      Route(.get, "/api/v1/ota/status", firmwareStatus),
      Route(.post, "/api/v1/ota/upload", refused(Self.noFirmware)),
      Route(.post, "/api/v1/ota/confirm", confirmFirmware),
      // Older ones.
      Route(.get, "/api/status", olderStatus),
      Route(.get, "/api/system", deviceInfo),
      Route(.get, "/api/cmd", refused(Self.noShell)),
      Route(.post, "/api/reboot", refused(Self.noPower)),
      Route(.get, "/api/ota/status", firmwareStatus),
      Route(.post, "/api/ota/confirm", confirmFirmware),
      Route(.post, "/upload", refused(Self.noFirmware)),
    ]
  }

  private static let noFirmware = "this host takes signed packages: see /v1/host/update"
  private static let noShell = "this host has no shell behind its API; GET /v1/cells/NAME/exec runs commands in cells"
  private static let noPower = "the machine is switched on and off by its administrator, not through this API"

  private func refused(_ reason: String) -> HTTPHandler {
    .immediate { _, _ in throw APIError(.unimplemented, reason) }
  }

  // MARK: Reading

  @Sendable private func deviceInfo(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    var name = utsname()
    uname(&name)
    return .json([
      "name": .string(Self.text(of: name.nodename)), "fw_version": .string(configuration.version),
      "chip": .string(Self.text(of: name.machine)),
    ])
  }

  private static func text<Field>(of field: Field) -> String {
    withUnsafeBytes(of: field) { bytes in String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }
  }

  private func host() throws(APIError) -> HostUsage {
    guard let host = HostUsage.current() else { throw APIError(.unavailable, "this machine has no /proc to read") }
    return host
  }

  @Sendable private func deviceStatus(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    let limits = artifacts.limits
    let used = await artifacts.artifacts(owner: try context.caller().user).reduce(0) { $0 + $1.size }
    return .json([
      "storage_free": .integer(Int64(max(0, limits.ownerBytesMax - used))),
      "storage_total": .integer(Int64(limits.ownerBytesMax)), "uptime_s": .integer(try host().uptimeSeconds),
    ])
  }

  @Sendable private func olderStatus(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    let host = try host()
    // As the client calls this host: without the port, and without the brackets of IPv6.
    let name = request.head.authority
    let address = name.hasPrefix("[") ? name.dropFirst().prefix { $0 != "]" } : name.prefix { $0 != ":" }
    return .json([
      "ip": .string(String(address)),
      "uptime": .integer(host.uptimeSeconds), "mem": .integer(host.memoryAvailableBytes),
    ])
  }

  /// The reference's four fields, of the machine's battery, and what a host has beside them.
  @Sendable private func deviceTelemetry(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    let host = try host()
    let battery = apps.battery
    return .json([
      "battery_pct": battery.map { .integer(Int64($0.percent)) } ?? .null,
      "battery_mv": battery.map { .integer(Int64($0.millivolts)) } ?? .null,
      "current_ma": battery.map { .integer(Int64($0.milliamperes)) } ?? .null,
      "charging": battery.map { .bool($0.isCharging) } ?? .null,
      "load": .array(host.load.map { .number($0) }), "memory_total": .integer(host.memoryTotalBytes),
      "memory_available": .integer(host.memoryAvailableBytes), "uptime_s": .integer(host.uptimeSeconds),
      "temperature_c": host.temperatures.map(\.celsius).max().map { .number($0) } ?? .null,
      "temperatures": .array(
        host.temperatures.map { ["sensor": .string($0.sensor), "celsius": .number($0.celsius)] }),
    ])
  }

  @Sendable private func firmwareStatus(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    .json(
      hostUpdates?.status.firmwareStatus
        ?? ["state": "idle", "percent": 0, "running_version": .string(configuration.version)])
  }

  @Sendable private func confirmFirmware(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    let updates = try administered(context)
    try updates.confirm()
    return .json(updates.status.firmwareStatus)
  }

  // MARK: Settings

  /// The reference's settings of a display and of a sleep that a host does not have, by name.
  private static let numberSettings = [
    "display_brightness", "display_timeout_s", "power_dispoff_s", "power_sleep_s",
  ]
  private static let timeoutSetting = "display_timeout_en"
  private static let developmentSetting = "devmode_enabled"

  @Sendable private func deviceSettings(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    var settings: JSONObject = [:]
    for name in Self.numberSettings + [Self.timeoutSetting] { settings[name] = .null }
    settings[Self.developmentSetting] = .bool(apps.allowsUnsigned)
    return .json(.object(settings))
  }

  /// Takes what is so already, such as what reading gave; everything else is refused with the reason.
  @Sendable private func changeDeviceSettings(
    _ request: HTTPRequest, _ context: HTTPContext
  ) async throws -> HTTPResponse {
    try request.checkQuery([])
    var reader = try FieldReader(try await request.document(), path: "")
    var absent: [String] = []
    for name in Self.numberSettings where try reader.optionalInteger(name) != nil { absent.append(name) }
    if try reader.optionalBool(Self.timeoutSetting) != nil { absent.append(Self.timeoutSetting) }
    let isDevelopment = try reader.optionalBool(Self.developmentSetting)
    try reader.refuseUnknown()
    if let name = absent.first {
      throw APIError(
        .unimplemented, "\(name): this host has no display that it dims and does not sleep by itself", field: name,
        accepted: "null")
    }
    if let isDevelopment, isDevelopment != apps.allowsUnsigned {
      throw APIError(
        .forbidden, "\(Self.developmentSetting) is the operator's: apps.allowUnsigned of the daemon's configuration",
        field: Self.developmentSetting, accepted: "\(apps.allowsUnsigned)")
    }
    return .json(["status": "ok", "updated": 0])
  }

  // MARK: Power

  @Sendable private func devicePower(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try request.checkQuery([])
    var reader = try FieldReader(try await request.document(), path: "")
    let action = try reader.string("action")
    try reader.refuseUnknown()
    guard ["reboot", "sleep", "poweroff"].contains(action) else {
      throw APIError.invalid("action", "is \"\(action.prefix(80))\"", accepted: "reboot, sleep, poweroff")
    }
    throw APIError(.unimplemented, Self.noPower, field: "action")
  }
}
