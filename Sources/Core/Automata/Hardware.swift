import Script

/// Hardware that scripts reach: pins, converters, buses, components. Subclasses have it; this one has none.
open class Hardware {
  public init() {}

  public enum Function: UInt16, Sendable, CaseIterable {
    case gpioMode = 32
    case gpioWrite
    case gpioRead
    case pwmAttach
    case pwmWrite
    case adcRead
    case adcReadMillivolts
    case dacWrite
    case i2cOpen
    case i2cScan
  }

  /// Does what a script asks; results are given to `call`.
  open func call(_ function: Function, _ call: borrowing HostCall) throws(HostError) {
    throw HostError("hardware service unavailable")
  }

  /// Methods of a component, by position; `nil` for a name without one.
  open func methods(ofComponent name: Name) -> [Name]? { nil }

  /// Calls a method of a component. `first` is the position of its first argument in `call`.
  open func invoke(
    component: Name, method: Int, _ call: borrowing HostCall, first: Int
  ) throws(HostError) {
    throw HostError("unknown component")
  }
}
