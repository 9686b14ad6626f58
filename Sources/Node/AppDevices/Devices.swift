import Glibc
import Linux

/// Everything of a node that apps reach as devices: one of each, shared by all apps and by the host.
///
/// What an app has taken (the screen, a pin, a port, the keyboard) is its own until ``release(_:)``; others get EBUSY.
public final class Devices: Sendable {
  public let screen: Screen
  public let input: InputDevice
  public let gpio: GPIO
  public let i2c: I2C
  public let uart: UART
  public let pwm: PWM
  public let adc: ADC
  public let sensors: Sensors
  public let battery: Battery
  public let hid: HID
  public let ble: BLE

  public init(_ options: DeviceOptions = DeviceOptions()) {
    screen = Screen(width: options.screenWidth, height: options.screenHeight)
    input = InputDevice(screen: screen)
    gpio = GPIO(options.gpio)
    i2c = I2C(options.i2c)
    uart = UART(options.uart)
    pwm = PWM(options.pwm)
    adc = ADC(options.adc)
    sensors = Sensors(options.sensors)
    battery = Battery(options.battery)
    let radio = BluetoothRadio()
    hid = HID(radio: radio)
    ble = BLE(radio: radio)
  }

  /// Gives back everything that an app has taken. Called when it ends.
  public func release(_ user: DeviceUser) {
    screen.release(user)
    input.release(user)
    gpio.release(user)
    i2c.release(user)
    uart.release(user)
    pwm.release(user)
    hid.release(user)
    ble.release(user)
  }
}

/// Which devices a node has. The default is a screen of 320 by 240 and simulators of everything that the machine does not have.
public struct DeviceOptions: Sendable {
  /// Pixels, 1 to ``Screen/sideMax``; others are moved to the nearest of these.
  public var screenWidth = 320
  public var screenHeight = 240
  public var gpio = GPIO.Backend.simulated(pinCount: 32)
  /// By the number that apps give.
  public var i2c: [Int32: I2C.Backend] = [0: .simulated]
  public var uart: [Int32: UART.Backend] = [0: .simulated]
  public var pwm = PWM.Backend.simulated(channelCount: 8)
  public var adc = ADC.Backend.simulated(channelCount: 4)
  public var sensors = Sensors.Source.automatic(root: "/sys/bus/iio/devices", seed: 0)
  public var battery = Battery.Source.files(root: "/sys/class/power_supply")

  public init() {}
}

/// One run of an app, as devices know it.
public final class DeviceUser: Sendable {
  public let app: String
  private let wake: @Sendable () -> Void

  /// - Parameter wake: ends a wait of the app, which then looks at what it waits for; called from any thread.
  public init(app: String, wake: @escaping @Sendable () -> Void = {}) {
    self.app = app
    self.wake = wake
  }

  func signal() { wake() }
}

/// Why a device does not do what it was asked for, as the error number that guests get as a negative result.
public struct DeviceError: Error, Sendable, Equatable {
  public var errno: Int32

  public init(errno: Int32) { self.errno = errno }

  /// What the kernel says about a device, in numbers that guests know.
  init(kernel errno: Int32) {
    switch errno {
    case ENOENT, ENXIO, ENODEV, ENOTTY, ENOTDIR: self.errno = ENODEV
    case EBUSY, EINVAL, ENOMEM, EAGAIN, ETIMEDOUT, EOPNOTSUPP: self.errno = errno
    case EACCES, EPERM: self.errno = EACCES
    case EMFILE, ENFILE: self.errno = EMFILE
    default: self.errno = EIO
    }
  }

  static let io = DeviceError(errno: EIO)
  static let badHandle = DeviceError(errno: EBADF)
  static let busy = DeviceError(errno: EBUSY)
  static let noDevice = DeviceError(errno: ENODEV)
  static let invalid = DeviceError(errno: EINVAL)
  static let noSpace = DeviceError(errno: ENOSPC)
  static let notFound = DeviceError(errno: ENOENT)
  static let messageSize = DeviceError(errno: EMSGSIZE)
  static let notSupported = DeviceError(errno: ENOTSUP)
  static let notConnected = DeviceError(errno: ENOTCONN)
  static let already = DeviceError(errno: EALREADY)
}

/// An open device, closed with the last reference.
final class OpenDevice: Sendable {
  private let file: FileDescriptor

  init(_ path: String, _ flags: Int32) throws(DeviceError) {
    do throws(LinuxError) { file = try FileDescriptor.open(path, flags) } catch {
      throw DeviceError(kernel: error.errno)
    }
  }

  init(owning raw: Int32) { file = FileDescriptor(owning: raw) }

  var raw: Int32 { file.raw }
}

/// The result of a shim that gives -errno on failure.
@discardableResult
func checked(_ result: Int32) throws(DeviceError) -> Int32 {
  if result < 0 { throw DeviceError(kernel: -result) }
  return result
}

/// Nanoseconds of the monotonic clock.
func monotonicNanoseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
