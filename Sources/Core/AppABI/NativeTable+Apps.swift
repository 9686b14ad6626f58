import AppFormat

extension NativeTable {
  /// Apps about themselves and about each other.
  static var apps: [NativeFunction] {
    let info = Row(family: .lifecycle, capabilities: [.appInfo, .appControl])
    let control = Row(family: .lifecycle, capabilities: [.appControl])
    return [
      info("app_get_status", "name$", "0 new, 1 installed, 2 running, 3 stopped, 4 error, 5 failed; −ENOENT."),
      info(
        "app_list", "into[]=",
        "`name:STATE` a line each and a zero byte, whole lines only; gives how many apps there are."),
      info("app_get_self_name", "into[]=", "This app's name and a zero byte; gives its length."),
      control("app_start", "name$", "Starts another app."),
      control("app_stop", "name$", "Stops another app; this one: −EINVAL."),
      control(
        "app_switch", "name$", needs: [.appSwitch, .appControl],
        "Stops this app and starts another 200 ms later; the last wish counts."),
      control("app_check_update", "version[]=", "1 and the version that the catalogue offers, else 0."),
      control("app_request_update", "", "Installs it; −ENOENT without one."),
      control("sd_scan_wasm", "into[]=", "Names of modules in the host's import folder, a line each and a zero byte."),
      control("app_install_from_sd", "name$", "Installs one of them."),
      control("app_run_from_sd", "name$", "Runs one of them without installing it."),
    ]
  }
}
