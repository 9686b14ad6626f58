import AppFormat
import AppSDK

extension Project {
  /// Writes a new project into a folder: source, manifest, and a page with what to do next.
  ///
  /// - Parameters:
  ///   - name: 1 to 31 lower-case letters, digits and dashes, a letter first.
  ///   - folder: made when it is not there; files that are there are not written over.
  /// - Returns: the paths that were written.
  @discardableResult
  public static func new(
    _ name: String, _ language: AppSDK.Language, in folder: String
  ) throws(ProjectError) -> [String] {
    let bytes = Array(name.utf8)
    guard (1...31).contains(bytes.count), (0x61...0x7A).contains(bytes[0]),
      bytes.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") })
    else {
      throw .project(path: name, reason: "a name has 1 to 31 lower-case letters, digits and dashes, a letter first")
    }
    let files = Template.files(name, language)
    for (path, _) in files where Disk.isThere("\(folder)/\(path)") { throw .exists("\(folder)/\(path)") }
    try Disk.makeFolder(folder)
    for (path, text) in files { try Disk.write(Array(text.utf8), to: "\(folder)/\(path)", isNew: true) }
    return files.map { "\(folder)/\($0.path)" }
  }
}

enum Template {
  static func files(_ name: String, _ language: AppSDK.Language) -> [(path: String, text: String)] {
    let (source, text) =
      switch language {
      case .c: ("main.c", c(name))
      case .swift: ("App.swift", swift(name))
      case .rust: ("main.rs", rust(name))
      }
    return [
      (source, text), ("app.json", manifest(name, language)), ("README.md", readme(name)), (".gitignore", "/build/\n"),
    ]
  }

  private static func manifest(_ name: String, _ language: AppSDK.Language) -> String {
    """
    {
      "name": "\(name)",
      "version": "0.1.0",
      "description": "Counts its starts",
      "capabilities": ["settings"],
      "memory_quota": 262144,
      "build": {"language": "\(language.rawValue)"}
    }

    """
  }

  private static func readme(_ name: String) -> String {
    """
    # \(name)

        aether app build                                      # build/\(name).wasm
        aether app inspect build/\(name).wasm                 # what it imports, and what it may do
        aether app sign build/\(name).wasm --key dev.pem      # \(name).akpkg; `aether app keygen dev.pem` makes a key

    `app.json` is the manifest: what it asks for below `capabilities` is what it may do. `build/sdk` has the functions of the
    host, for editors.

    """
  }

  private static func c(_ name: String) -> String {
    """
    #include "aether_app.h"
    #include "aether_guest.h"

    int32_t main(void) {
      char text[16] = "0";
      int32_t found = settings_get("starts", text, sizeof text);
      if (found == -AETHER_EPERM) {
        aether_printf("\(name): hello; with \\"aether app grant \(name) settings\\" I count my starts");
        return 0;
      }
      if (found < 0 && found != -AETHER_ENOENT) {
        aether_printf("\(name): settings cannot be read: %d", found);
        return -found;
      }
      int32_t starts = aether_text_number(text) + 1;
      aether_format(text, sizeof text, "%d", starts);
      int32_t kept = settings_set("starts", text);
      aether_printf("\(name): start number %d", starts);
      return kept < 0 ? -kept : 0;
    }

    """
  }

  private static func swift(_ name: String) -> String {
    """
    @c(main) public func main() -> Int32 {
      do throws(AppError) {
        let starts = (try Settings.text("starts")?.number ?? 0) + 1
        try Settings.keep("starts", Line().add(starts))
        Log.info(text: Line("\(name): start number ").add(starts).text)
        return 0
      } catch where error.code == 1 {
        Log.info(text: "\(name): hello; with \\"aether app grant \(name) settings\\" I count my starts")
        return 0
      } catch {
        Log.error(text: Line("\(name): error ").add(error.code).text)
        return error.code
      }
    }

    """
  }

  private static func rust(_ name: String) -> String {
    """
    #![no_std]
    #![no_main]

    use aether_app::{log_line, settings, text, Error, Line, Result};
    use core::fmt::Write;

    #[no_mangle]
    pub extern "C" fn main() -> i32 {
        match count() {
            Ok(starts) => {
                log_line!("\(name): start number {}", starts);
                0
            }
            Err(Error::EPERM) => {
                log_line!("\(name): hello; with \\"aether app grant \(name) settings\\" I count my starts");
                0
            }
            Err(error) => {
                log_line!("\(name): error {}", error.0);
                error.0
            }
        }
    }

    fn count() -> Result<i32> {
        let mut bytes = [0u8; 16];
        let length = match settings::get(text!("starts"), &mut bytes) {
            Ok(length) => length as usize,
            Err(Error::ENOENT) => 0,
            Err(error) => return Err(error),
        };
        let digits = bytes.iter().take(length).take_while(|byte| byte.is_ascii_digit());
        let starts = digits.fold(0i32, |sum, byte| sum.wrapping_mul(10).wrapping_add((byte - b'0') as i32)) + 1;
        let mut line = Line::<16>::new();
        let _ = write!(line, "{}", starts);
        settings::set(text!("starts"), line.text())?;
        Ok(starts)
    }

    """
  }
}
