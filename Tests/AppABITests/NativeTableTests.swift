import AppFormat
import Testing

@testable import AppABI

@Suite struct NativeTableTests {
  /// The table's functions as the reference's description spells them: one letter for each number that a guest passes, with `I`
  /// for those of 64 bits.
  static let spelled = """
    delay i; printf_native i; log_debug i; log_info i; log_error i; get_time_ms; sleep_ms i; mem_alloc i; mem_free i
    display_clear i; display_pixel iii; display_rect iiiii; display_rect_outline iiiii; display_line iiiii; display_hline iiii
    display_vline iiii; display_circle iiii; display_circle_fill iiii; display_rounded_rect iiiiii
    display_rounded_rect_fill iiiiii; display_flush; display_triangle iiiiiii; display_triangle_fill iiiiiii
    display_text iiii; display_text_large iiii; display_text_huge iiii; display_number iiii; display_bitmap iiiiii
    display_bitmap_transparent iiiiiii; display_raw_write iiiiii; display_progress_bar iiiiiiii; display_get_size ii
    gpio_configure ii; gpio_read i; gpio_write ii; sensor_read i; rf_select i; rf_set_frequency i; rf_send ii; rf_receive iii
    rf_recv_pop iii; rf_raw_capture iiii; rf_raw_replay iiii; wifi_deauth iiiii; wifi_scan_aps ii; wifi_scan_rssi ii
    ble_init; ble_deinit; ble_set_local_name i; ble_service_create i; ble_char_create iii; ble_service_add_char ii
    ble_add_service i; ble_set_advertised_service i; ble_advertise; ble_stop_advertise; ble_is_connected; ble_char_write iii
    ble_char_read iii; ble_event_pop ii; hid_init ii; hid_set_transport i; hid_set_device_types i; hid_enable; hid_disable
    hid_is_connected; hid_key_press i; hid_key_release i; hid_key_release_all; hid_set_modifiers i; hid_type_string i
    hid_mouse_move ii; hid_mouse_btn_press i; hid_mouse_btn_release i; hid_mouse_scroll i; hid_gamepad_press i
    hid_gamepad_release i; hid_gamepad_set_axis ii; hid_gamepad_set_dpad i; hid_gamepad_reset; hid_consumer_send i
    hid_send_raw_report iii; hid_raw_recv ii; hid_fido_send ii; hid_fido_recv ii; hid_action_register iii
    hid_action_trigger i; hid_gamepad_send_report iiiiiiii; app_get_status i; app_list ii; app_get_self_name ii
    app_start i; app_stop i; app_switch i; app_check_update ii; app_request_update; msg_subscribe i; msg_unsubscribe i
    msg_publish iii; msg_recv iiii; msg_try_recv iii; msg_pending i; timer_create; timer_start i; timer_stop i
    timer_elapsed i; timer_free i; uart_open ii; uart_write iii; uart_read iii; uart_close i; i2c_read_reg iiiii
    i2c_write_reg iiiii; pwm_set iii; pwm_disable i; adc_read i; adc_read_mv i; wdt_pet; storage_open ii; storage_read iii
    storage_write iii; storage_close i; storage_delete i; storage_list iii; fs_open ii; fs_close i; fs_read iii
    fs_write iii; fs_seek iii; fs_tell i; fs_stat ii; fs_unlink i; fs_mkdir i; fs_readdir iii; net_open i; net_connect iii
    net_bind ii; net_listen ii; net_close i; net_tx_bind iii; net_rx_bind iii; net_tx_flush i; net_event_pop ii; net_get_ip ii
    sd_scan_wasm ii; app_install_from_sd i; power_get_mode; power_get_battery_level; power_get_battery_status ii
    power_set_mode i; power_wake_on_gpio ii; power_wake_on_timer i; power_set_low_power i; settings_get iii; settings_set ii
    settings_delete i; crypto_sha256 iii; crypto_hmac_sha256 iiiii; crypto_aes256_encrypt iiiii; crypto_aes256_decrypt iiiii
    crypto_aes256_ctr iiiii; crypto_random ii; crypto_ed25519_keygen ii; crypto_ed25519_sign iiii; crypto_p256_keygen ii
    crypto_p256_sign iiii; rtc_get_unix_time; rtc_get_uptime_ms; rtc_alarm_fired; rtc_set_unix_time i; rtc_set_alarm i
    ota_check i; ota_fetch_and_apply i; ota_get_state; ota_confirm; ota_rollback; aiinfer_load ii; aiinfer_run iiiii
    aiinfer_unload i; matter_commission iii; matter_endpoint_add iii; matter_get_pairing iiii; matter_open_pairing i
    matter_report_attr iiiii; matter_send iiiii; matter_subscribe iii; matter_poll iiiiiiii; matter_cmd_poll iiiiii
    mqtt_publish iiiii; mqtt_subscribe i; mqtt_poll iiiii; mqtt_connected; ha_light_register ii; ha_light_report iiiiii
    ha_light_poll iiiiiii; mesh_init iiii; mesh_start; mesh_stop; mesh_send iii; mesh_broadcast iii; mesh_recv_pop iiii
    mesh_get_nodes ii; mesh_get_stats i; mesh_distribute_app iiii; nfc_uid i; nfc_read iii; nfc_write iii
    nfc_field_present; input_get_buttons; input_poll_event ii; input_get_dial; display_get_width; display_get_height
    display_raw_write_async iiiiii; display_raw_wait; rf_set_bitrate i; rf_set_sync_word i; ble_scan_start i; ble_scan_stop
    ble_scan_pop ii; printf ii; vprintf ii; sprintf iii; vsprintf iii; snprintf iiii; vsnprintf iiii; puts i; putchar i
    memcmp iii; memcpy iii; memmove iii; memset iii; memchr iii; strchr ii; strcmp ii; strcpy ii; strlen i; strncmp iii
    strncpy iii; strdup i; _strdup i; strncasecmp iii; strspn ii; strcspn ii; strstr ii; malloc i; realloc ii; calloc ii
    free i; atoi i; exit i; strtol iii; strtoul iii; isupper i; isalpha i; isspace i; isgraph i; isprint i; isdigit i
    isxdigit i; tolower i; toupper i; isalnum i; emscripten_memcpy_big iii; abort i; abortStackOverflow i; nullFunc_X i
    __cxa_allocate_exception i; __cxa_begin_catch i; __cxa_throw iii; clock_gettime ii; clock; setjmp i; longjmp ii
    app_run_from_sd i; log ii; bt_shell_is_ready; akira_display_text iiii; akira_hid_keyboard_type i
    """

  @Test func hasTheReferencesFunctions() {
    for line in Self.spelled.split(separator: "\n") {
      for item in line.split(separator: ";") {
        let words = item.split(separator: " ")
        let letters = words.count > 1 ? String(words[1]) : ""
        let rows = NativeTable.functions.filter { $0.name == words[0] }
        let found = rows.map { $0.types.map { $0 == .i64 ? "I" : "i" }.joined() }
        #expect(found.contains(letters), "\(words[0]): \(found)")
      }
    }
  }

  /// What older lines had as stubs or branches had for attacks is answered, whatever types it is imported with.
  @Test func knowsWhatItHasNoTypesFor() {
    #expect(NativeTable.support(ofUnlisted: "akira_display", "display_write") == .notBuilt)
    #expect(NativeTable.support(ofUnlisted: "akira", "akira_storage_read") == .notBuilt)
    #expect(NativeTable.support(ofUnlisted: "env", "akira_http_get") == .notBuilt)
    #expect(NativeTable.support(ofUnlisted: "env", "rf_tx_cw_power") == .refused)
    #expect(NativeTable.support(ofUnlisted: "env", "wifi_capture_pmkid") == .refused)
    #expect(NativeTable.support(ofUnlisted: "env", "nfc_mb_put") == .noDevice)
    #expect(NativeTable.support(ofUnlisted: "env", "mesh_send") == .noDevice)
    #expect(NativeTable.support(ofUnlisted: "env", "display_clear") == nil)
    #expect(NativeTable.support(ofUnlisted: "env", "crypto_ed25519_verify") == nil)
    #expect(NativeTable.support(ofUnlisted: "akira", "rf_tx_cw_start") == nil)
    #expect(NativeTable.support(ofUnlisted: "other", "display_write") == nil)
  }

  @Test func hasNothingTwice() {
    var seen: Set<String> = []
    for row in NativeTable.functions {
      #expect(
        seen.insert("\(row.module).\(row.name)(\(row.types.map(\.rawValue)))").inserted, "\(row.module).\(row.name)")
      #expect(Set(row.parameters.map(\.name)).count == row.parameters.count, "parameters of \(row.name)")
    }
    #expect(Set(NativeTable.constants.map(\.name)).count == NativeTable.constants.count)
  }

  @Test func asksForRegisteredCapabilities() {
    for row in NativeTable.functions { #expect(CapabilitySet.core.isSuperset(of: row.capabilities), "\(row.name)") }
    // What a function does without any capability harms nobody.
    let free = Set(NativeTable.functions.filter { $0.capabilities.isEmpty }.map(\.family))
    #expect(free == [.core, .log, .time, .libc, .nfc, .legacy])
  }
}
