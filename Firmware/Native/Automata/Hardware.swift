/// What automata act on. Without scripts, nothing calls functions of it: `NativeHardware` answers names instead.
open class Hardware {
  public init() {}
}
