/// What apps can do with other apps; the app manager conforms to it. Names are those that apps give, and may be anything.
public protocol AppControl: Sendable {
  /// Every installed app.
  func apps() async -> [AppListing]
  /// Also for one that runs, which is nothing to do.
  func start(_ name: String) async throws(AppControlError)
  func stop(_ name: String) async throws(AppControlError)
  /// Stops one app and starts another.
  func switchApp(from: String, to: String) async throws(AppControlError)
  /// The version that the catalogue offers for an app; `nil` when it has none that is newer.
  func availableUpdate(of name: String) async -> String?
  /// Installs it. The app may be stopped before this returns.
  func requestUpdate(of name: String) async throws(AppControlError)
  /// Names of modules in the import folder.
  func importable() async -> [String]
  func install(imported name: String) async throws(AppControlError)
  /// Runs it without keeping it.
  func run(imported name: String) async throws(AppControlError)
}

/// An app as other apps see it.
public struct AppListing: Sendable, Equatable {
  public var name: String
  /// As `app_get_status` gives it: 0 new, 1 installed, 2 running, 3 stopped, 4 error, 5 failed.
  public var state: Int32

  public init(name: String, state: Int32) {
    self.name = name
    self.state = state
  }

  /// In upper case, as lists of the reference have it.
  var stateName: String {
    let names = ["NEW", "INSTALLED", "RUNNING", "STOPPED", "ERROR", "FAILED"]
    return names.indices.contains(Int(state)) ? names[Int(state)] : "UNKNOWN"
  }
}

/// Why an app does not get what it asks for, as an error number, above 0.
public struct AppControlError: Error, Sendable, Equatable {
  public var errno: Int32

  public init(errno: Int32) { self.errno = errno == 0 ? 5 : abs(errno) }

  public static let notFound = AppControlError(errno: 2)
  public static let busy = AppControlError(errno: 16)
}
