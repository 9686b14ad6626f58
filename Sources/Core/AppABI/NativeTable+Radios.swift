import AppFormat

extension NativeTable {
  /// HID and Bluetooth, which are simulated; radios that this host does not have; calls that are refused.
  static var radios: [NativeFunction] {
    let hid = Row(family: .hid, capabilities: [.hid])
    let ble = Row(family: .ble, capabilities: [.ble])
    let scan = Row(family: .ble, capabilities: [.bleScan])
    let radio = Row(family: .radio, capabilities: [.rfTransceive], rate: .rf, support: .noDevice)
    let wifi = Row(family: .wifi, capabilities: [.wifiInject], support: .refused)
    let matter = Row(family: .matter, capabilities: [.matter], support: .noDevice)
    let mesh = Row(family: .mesh, capabilities: [.mesh], support: .noDevice)
    let nfc = Row(family: .nfc, support: .noDevice)
    return [
      hid("hid_init", "transport types", "Begins as a keyboard (1), gamepad (2), mouse (4) or several."),
      hid("hid_set_transport", "transport", "0 none, 1 BLE, 2 USB, 3 simulated."),
      hid("hid_set_device_types", "types", "Keyboard 1, gamepad 2, mouse 4."),
      hid("hid_enable", "", "Connects."),
      hid("hid_disable", "", "Disconnects; every key is released."),
      hid("hid_is_connected", "", "1 or 0."),
      hid("hid_key_press", "key", "A usage of the keyboard page; at most 6 at once."),
      hid("hid_key_release", "key", "Releases it."),
      hid("hid_key_release_all", "", "Releases all."),
      hid("hid_set_modifiers", "modifiers", "A bit for each of control, shift, alt, GUI, left and right."),
      hid("hid_type_string", "text$", "Presses and releases the keys of a US keyboard."),
      hid("hid_mouse_move", "x y", "Steps of −127 to 127; larger moves are several reports."),
      hid("hid_mouse_btn_press", "buttons", "Presses buttons: 1 left, 2 right, 4 middle, 8 back, 16 forward."),
      hid("hid_mouse_btn_release", "buttons", "Releases them."),
      hid("hid_mouse_scroll", "steps", "Turns the wheel."),
      hid(
        "hid_gamepad_press", "buttons",
        "Presses buttons, a bit for each: A, B, X, Y, LB, RB, BACK, START, HOME, L3, R3; 0x1000 to 0x8000 the pad."),
      hid("hid_gamepad_release", "buttons", "Releases them."),
      hid("hid_gamepad_set_axis", "axis value", "Moves an axis, 0 to 5, to a number of 16 bits."),
      hid("hid_gamepad_set_dpad", "direction", "0 centre, 1 to 8 clockwise from up."),
      hid("hid_gamepad_reset", "", "Everything at rest."),
      hid("hid_gamepad_send_report", "buttons x y z rx ry rz dpad", "The whole state at once."),
      hid("hid_consumer_send", "usage", "A media key, pressed and released."),
      hid("hid_send_raw_report", "id data[]", lengths: ["data": .message(0...64)], "A report of at most 64 bytes."),
      hid("hid_raw_recv", "into[]=", "Takes the next output report; 0 without one."),
      hid(
        "hid_fido_send", "data[]", lengths: ["data": .message(0...64)],
        "A FIDO report of at most 64 bytes, filled up to 64."),
      hid("hid_fido_recv", "into[]=", "Takes the next FIDO report; 0 without one."),
      hid(
        "hid_action_register", "name$ actions[]", lengths: ["actions": .message(0...64)],
        "A named sequence of at most 8 actions of 4 bytes: kind (1 key, 2 media key, 3 mouse, 4 gamepad), modifiers or mouse buttons, "
          + "and 16 bits of key or gamepad buttons."),
      hid("hid_action_trigger", "name$", "Plays it."),

      ble("ble_init", "", "Switches the device on; −EBUSY while HID is on."),
      ble("ble_deinit", "", "Switches it off; services are gone."),
      ble("ble_set_local_name", "name$", "At most 29 bytes."),
      ble("ble_service_create", "uuid$", "Gives the service's number; at most 4."),
      ble(
        "ble_char_create", "uuid$ properties size", "Gives the characteristic's number; at most 8, of at most 64 bytes."
      ),
      ble("ble_service_add_char", "service characteristic", "Puts it into a service that is not added yet."),
      ble("ble_add_service", "service", "Offers it."),
      ble("ble_set_advertised_service", "service", "Names it while advertising."),
      ble("ble_advertise", "", "Begins to advertise."),
      ble("ble_stop_advertise", "", "Ends it."),
      ble("ble_is_connected", "", "1 or 0."),
      ble(
        "ble_char_write", "characteristic data[]", lengths: ["data": .message(0...64)], "Sets the value and notifies."),
      ble("ble_char_read", "characteristic into[]=", "Gives the value's length."),
      ble(
        "ble_event_pop", "into[]=",
        "Takes the next event: type, characteristic, length (16 bits), data. Gives its length, 0 without one; the event is then one of "
          + "type 0."),
      scan("ble_scan_start", "milliseconds", "Listens for advertisements."),
      scan("ble_scan_stop", "", "Ends it."),
      scan(
        "ble_scan_pop", "into[]=",
        "Takes the next advertisement: address (6 bytes), signal, length, data. Gives its length, 0 without one."),

      radio("rf_select", "chip", "Chooses a radio."),
      radio("rf_set_frequency", "hertz", ""),
      radio("rf_set_power", "dbm", ""),
      radio("rf_set_modulation", "modulation", ""),
      radio("rf_set_bandwidth", "bandwidth", ""),
      radio("rf_set_coding_rate", "rate", ""),
      radio("rf_set_spreading_factor", "factor", ""),
      radio("rf_set_bitrate", "bitrate", ""),
      radio("rf_set_sync_word", "word", ""),
      radio("rf_get_rssi", "", "Signal strength."),
      radio("rf_get_rssi", "into[4]=", "The same, as the reference's SDK and its line 1.4 declare it."),
      radio("rf_send", "data[]", lengths: ["data": .valid(1...UInt32.max)], ""),
      radio("rf_receive", "into[]= timeout", lengths: ["into": .valid(1...UInt32.max)], ""),
      radio("rf_recv_pop", "into[]= timeout", lengths: ["into": .valid(1...UInt32.max)], ""),
      radio("rf_raw_capture", "into[]= timeout rate", ""),
      radio("rf_raw_replay", "data[] count rate", support: .refused, ""),
      radio("rf_tx_cw_start", "", support: .refused, ""),
      radio("rf_tx_cw_stop", "", support: .refused, ""),

      wifi("wifi_deauth", "station[6] access[6] channel count reason", ""),
      wifi("wifi_scan_aps", "into[]=", "Access points."),
      wifi("wifi_scan_rssi", "into[]=", "Signal strengths."),
      wifi("wifi_capture_pmkid", "access[6] into[]=", ""),
      wifi("wifi_scan_clients", "into[]=", ""),
      Row(family: .ble, capabilities: [.bleSpam], support: .refused)("ble_spam_start", "kind", ""),
      Row(family: .ble, capabilities: [.bleSpam], support: .refused)("ble_spam_stop", "", ""),

      matter("matter_commission", "code$ into[]=", ""),
      matter("matter_endpoint_add", "kind descriptor[]", ""),
      matter("matter_get_pairing", "code[]= into[]=", ""),
      matter("matter_open_pairing", "seconds", ""),
      matter("matter_report_attr", "endpoint cluster attribute value[]", ""),
      matter("matter_send", "node[] command[] timeout", ""),
      matter("matter_subscribe", "path[] interval", ""),
      matter("matter_poll", "node[]= path[4]= kind into[]= size timeout", ""),
      matter("matter_cmd_poll", "endpoint[4]= cluster[4]= command[4]= into[]= timeout", ""),

      mesh("mesh_init", "chip key$ channel power", ""),
      mesh("mesh_start", "", ""),
      mesh("mesh_stop", "", ""),
      mesh("mesh_send", "destination[8] data[]", ""),
      mesh("mesh_broadcast", "data[] hops", ""),
      mesh("mesh_recv_pop", "source[8]= into[]= timeout", ""),
      mesh("mesh_get_nodes", "into[4]= count", ""),
      mesh("mesh_get_stats", "into[4]=", ""),
      mesh("mesh_distribute_app", "destination[8] name$ module[]", ""),

      nfc("nfc_uid", "uid[8]=", ""),
      nfc("nfc_read", "address into[]=", ""),
      nfc("nfc_write", "address data[]", ""),
      nfc("nfc_field_present", "", ""),
      nfc("nfc_mb_enable", "", ""),
      nfc("nfc_mb_put", "data[]", ""),
      nfc("nfc_mb_get", "into[]=", ""),
      nfc("nfc_mb_status", "", ""),
    ]
  }
}
