extension NativeTable {
  /// Errors are results below zero: −EPERM and so on.
  static var errors: [NativeConstant] {
    [
      NativeConstant("EPERM", 1, "The capability is not granted."),
      NativeConstant("ENOENT", 2), NativeConstant("EIO", 5), NativeConstant("EBADF", 9), NativeConstant("EAGAIN", 11),
      NativeConstant("ENOMEM", 12), NativeConstant("EACCES", 13, "A policy or a path that leads out."),
      NativeConstant("EFAULT", 14, "An address outside of the app's memory."), NativeConstant("EBUSY", 16),
      NativeConstant("EEXIST", 17), NativeConstant("ENODEV", 19), NativeConstant("ENOTDIR", 20),
      NativeConstant("EISDIR", 21), NativeConstant("EINVAL", 22), NativeConstant("EMFILE", 24),
      NativeConstant("EFBIG", 27), NativeConstant("ENOSPC", 28), NativeConstant("ENAMETOOLONG", 36),
      NativeConstant("ENOSYS", 38), NativeConstant("ENOTEMPTY", 39), NativeConstant("ENODATA", 61),
      NativeConstant("EMSGSIZE", 90), NativeConstant("ENOTSUP", 95), NativeConstant("ENOTCONN", 107),
      NativeConstant("ETIMEDOUT", 110), NativeConstant("EALREADY", 114), NativeConstant("ECANCELED", 125),
    ]
  }

  static var flags: [NativeConstant] {
    [
      NativeConstant("GPIO_INPUT", 1), NativeConstant("GPIO_OUTPUT", 2), NativeConstant("GPIO_INIT_LOW", 4),
      NativeConstant("GPIO_INIT_HIGH", 8), NativeConstant("GPIO_PULL_UP", 16), NativeConstant("GPIO_PULL_DOWN", 32),
      NativeConstant("GPIO_ACTIVE_LOW", 64), NativeConstant("GPIO_ACTIVE_HIGH", 128),
      NativeConstant("BUTTON_HOME", 1), NativeConstant("BUTTON_UP", 2), NativeConstant("BUTTON_DOWN", 3),
      NativeConstant("BUTTON_LEFT", 4), NativeConstant("BUTTON_RIGHT", 5), NativeConstant("BUTTON_A", 6),
      NativeConstant("BUTTON_B", 7), NativeConstant("BUTTON_X", 8), NativeConstant("BUTTON_Y", 9),
      NativeConstant("SENSOR_ACCEL_X", 0), NativeConstant("SENSOR_ACCEL_Y", 1), NativeConstant("SENSOR_ACCEL_Z", 2),
      NativeConstant("SENSOR_GYRO_X", 4), NativeConstant("SENSOR_GYRO_Y", 5), NativeConstant("SENSOR_GYRO_Z", 6),
      NativeConstant("SENSOR_MAGN_X", 8), NativeConstant("SENSOR_MAGN_Y", 9), NativeConstant("SENSOR_MAGN_Z", 10),
      NativeConstant("SENSOR_AMBIENT_TEMP", 13, "Degrees Celsius."),
      NativeConstant("SENSOR_PRESSURE", 14, "Kilopascals."),
      NativeConstant("SENSOR_HUMIDITY", 16, "Percent."), NativeConstant("SENSOR_ALTITUDE", 23),
      NativeConstant("SENSOR_VOLTAGE", 33), NativeConstant("SENSOR_CURRENT", 35), NativeConstant("SENSOR_POWER", 36),
      NativeConstant("STORAGE_READ", 0), NativeConstant("STORAGE_WRITE", 1), NativeConstant("STORAGE_APPEND", 2),
      NativeConstant("STORAGE_RDWR", 3),
      NativeConstant("FS_READ", 0), NativeConstant("FS_WRITE", 1), NativeConstant("FS_APPEND", 2),
      NativeConstant("FS_RDWR", 4), NativeConstant("FS_CREATE", 8), NativeConstant("FS_TRUNC", 16),
      NativeConstant("NET_TCP", 0), NativeConstant("NET_UDP", 1), NativeConstant("NET_TLS", 2),
      NativeConstant("NET_EVENT_NONE", 0), NativeConstant("NET_EVENT_CONNECTED", 1),
      NativeConstant("NET_EVENT_DISCONNECTED", 2), NativeConstant("NET_EVENT_DATA", 3),
      NativeConstant("NET_EVENT_ACCEPT", 4), NativeConstant("NET_EVENT_ERROR", 5),
      NativeConstant("APP_STATE_NEW", 0), NativeConstant("APP_STATE_INSTALLED", 1),
      NativeConstant("APP_STATE_RUNNING", 2),
      NativeConstant("APP_STATE_STOPPED", 3), NativeConstant("APP_STATE_ERROR", 4),
      NativeConstant("APP_STATE_FAILED", 5),
      NativeConstant("HID_KEYBOARD", 1), NativeConstant("HID_GAMEPAD", 2), NativeConstant("HID_MOUSE", 4),
      NativeConstant("HID_TRANSPORT_NONE", 0), NativeConstant("HID_TRANSPORT_BLE", 1),
      NativeConstant("HID_TRANSPORT_USB", 2), NativeConstant("HID_TRANSPORT_SIMULATED", 3),
      NativeConstant("MOUSE_LEFT", 1), NativeConstant("MOUSE_RIGHT", 2), NativeConstant("MOUSE_MIDDLE", 4),
      NativeConstant("GAMEPAD_A", 1), NativeConstant("GAMEPAD_B", 2), NativeConstant("GAMEPAD_X", 4),
      NativeConstant("GAMEPAD_Y", 8), NativeConstant("GAMEPAD_LB", 0x10), NativeConstant("GAMEPAD_RB", 0x20),
      NativeConstant("GAMEPAD_BACK", 0x40), NativeConstant("GAMEPAD_START", 0x80),
      NativeConstant("GAMEPAD_HOME", 0x100), NativeConstant("GAMEPAD_L3", 0x200), NativeConstant("GAMEPAD_R3", 0x400),
      NativeConstant("BLE_READ", 0x02), NativeConstant("BLE_WRITE_NO_RSP", 0x04), NativeConstant("BLE_WRITE", 0x08),
      NativeConstant("BLE_NOTIFY", 0x10), NativeConstant("BLE_INDICATE", 0x20),
      NativeConstant("BLE_EVENT_NONE", 0), NativeConstant("BLE_EVENT_CONNECTED", 1),
      NativeConstant("BLE_EVENT_DISCONNECTED", 2), NativeConstant("BLE_EVENT_WRITTEN", 3),
      NativeConstant("POWER_ACTIVE", 0), NativeConstant("POWER_IDLE", 1), NativeConstant("POWER_LIGHT_SLEEP", 2),
    ]
  }
}
