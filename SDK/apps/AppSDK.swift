import AppBindings

/// What apps are built with: the declarations that are made from the table of native functions, and the pieces beside them.
public enum AppSDK {
  public enum Language: String, Sendable, CaseIterable {
    case c, swift, rust

    /// How files of the language end.
    public var fileExtension: String {
      switch self {
      case .c: "c"
      case .swift: "swift"
      case .rust: "rs"
      }
    }
  }

  public struct File: Sendable {
    /// From the folder that they are all written to.
    public var path: String
    public var bytes: [UInt8]
  }

  /// Swift needs the pieces in C, too: its heap is one of them.
  public static func files(for language: Language) -> [File] {
    let c = [
      File(path: "aether_app.h", bytes: made("c/aether_app.h")),
      File(path: "aether_guest.h", bytes: PackageResources.aether_guest_h),
      File(path: "aether_guest.c", bytes: PackageResources.aether_guest_c),
    ]
    switch language {
    case .c: return c
    case .swift:
      return c + [
        File(path: "aether_heap.c", bytes: PackageResources.aether_heap_c),
        File(path: "AetherApp.swift", bytes: made("swift/AetherApp.swift")),
        File(path: "Guest.swift", bytes: PackageResources.Guest_swift),
      ]
    case .rust:
      return [
        File(path: "lib.rs", bytes: PackageResources.lib_rs),
        File(path: "functions.rs", bytes: made("rust/src/functions.rs")),
      ]
    }
  }

  private static func made(_ path: String) -> [UInt8] {
    Array((BindingFiles.all.first { $0.path == "SDK/apps/\(path)" }?.text ?? "").utf8)
  }
}
