import AppFormat

extension NativeTable {
  /// What lines before 1.6 offered, and the part of a C library that the reference's run-time brings.
  static var older: [NativeFunction] {
    let screen = Row(family: .legacy, capabilities: [.displayWrite])
    let hid = Row(family: .legacy, capabilities: [.hid])
    let shell = Row(family: .legacy, capabilities: [.ble], rate: .log)
    let c = Row(family: .libc)
    var rows = [
      Row(family: .legacy, rate: .log)("log", "level text$", "Writes a line: 1 error, 2 warning, 3 info, 4 debug."),
      shell("bt_shell_print", "text$", "Writes a line into the app's log."),
      shell("bt_shell_print", "length text$", "The same, as it was registered."),
      shell("bt_shell_send_data", "kind data[]", "Gives the number of bytes."),
      shell("bt_shell_is_ready", "", "1."),

      c("memcpy", "to:u from:u size:u", gives: .address, "Gives `to`."),
      c("memmove", "to:u from:u size:u", gives: .address, "Gives `to`."),
      c("memset", "to:u value size:u", gives: .address, "Gives `to`."),
      c("memcmp", "a:u b:u size:u", "Below, above or 0."),
      c("strlen", "text:u", "Bytes before the zero byte."),
      c("strcmp", "a:u b:u", "Below, above or 0."),
      c("strncmp", "a:u b:u size:u", "Below, above or 0."),
      c("strcpy", "to:u from:u", gives: .address, "Gives `to`."),
      c("strncpy", "to:u from:u size:u", gives: .address, "Gives `to`."),
      c("strchr", "text:u byte", gives: .address, "Address of the first such byte; 0 without one."),
      c("puts", "text$", rate: .log, "Writes a line into the app's log."),
      c("putchar", "byte", "Adds to the line that is being written."),
      c("malloc", "size:u", gives: .address, "As mem_alloc."),
      c("calloc", "count:u size:u", gives: .address, "As mem_alloc, filled with zero bytes."),
      c("realloc", "address:u size:u", gives: .address, "Moves it."),
      c("free", "address:u", gives: .nothing, "As mem_free."),
      c("atoi", "text:u", "The number that a text begins with."),
      c("exit", "code", gives: .nothing, "Ends the app."),
      c("abort", "", gives: .nothing, "Ends the app as a crash."),
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
}
