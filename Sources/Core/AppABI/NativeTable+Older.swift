import AppFormat

extension NativeTable {
  /// What lines before 1.6 offered.
  static var older: [NativeFunction] {
    let screen = Row(family: .legacy, capabilities: [.displayWrite])
    let hid = Row(family: .legacy, capabilities: [.hid])
    let shell = Row(family: .legacy, capabilities: [.ble], rate: .log)
    var rows = [
      Row(family: .legacy, rate: .log)("log", "level text$", "Writes a line: 1 error, 2 warning, 3 info, 4 debug."),
      shell("bt_shell_print", "text$", "Writes a line into the app's log."),
      shell("bt_shell_print", "length text$", "The same, as it was registered."),
      shell("bt_shell_send_data", "kind data[]", "Gives the number of bytes."),
      shell("bt_shell_is_ready", "", "1."),
    ]
    for module in ["akira", "env"] {
      var screen = screen, hid = hid
      screen.module = module
      hid.module = module
      rows += [
        screen("akira_display_clear", "color", "As display_clear."),
        screen("akira_display_pixel", "x y color", "As display_pixel."),
        screen("akira_display_flush", "", rate: .display, "As display_flush."),
        screen("akira_display_rect", "x y width height color", "As display_rect."),
        screen("akira_display_text", "x y text$ color", "As display_text."),
        screen("akira_display_get_size", "width[4]= height[4]=", "As display_get_size."),
        hid("akira_hid_set_transport", "transport", "As hid_set_transport."),
        hid("akira_hid_enable", "", "As hid_enable."),
        hid("akira_hid_disable", "", "As hid_disable."),
        hid("akira_hid_keyboard_type", "text$", "As hid_type_string."),
        hid("akira_hid_keyboard_press", "key", "As hid_key_press."),
        hid("akira_hid_keyboard_release", "key", "As hid_key_release."),
      ]
    }
    return rows
  }

  /// What a host answers to calls of a function that has no row for the types that a module imports it with; `nil`: there is no
  /// such function, or it is one that works with other types, and the app ends at the call.
  ///
  /// These are functions that the reference's older lines had as stubs, and those of its branches that this host refuses or has
  /// no device for.
  public static func support(ofUnlisted module: String, _ name: String) -> NativeSupport? {
    let rows = functions(module: module, name: name)
    if let first = rows.first { return rows.contains { $0.support == .implemented } ? nil : first.support }
    switch module {
    case "akira_display": return name == "display_write" ? .notBuilt : nil
    case "akira", "env":
      if ["akira_storage_", "akira_http_"].contains(where: name.hasPrefix) { return .notBuilt }
      guard module == "env" else { return nil }
      if ["rf_tx_cw_", "ble_spam_"].contains(where: name.hasPrefix) { return .refused }
      return name.hasPrefix("nfc_") ? .noDevice : nil
    default: return nil
    }
  }
}
