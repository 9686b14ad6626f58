import Glibc
import PythonPeer
import Testing

@testable import Script

@Suite struct NumberTests {
  /// `#expect` without its cost, for loops.
  private func verify(_ holds: Bool, _ comment: @autoclosure () -> String = "") {
    if !holds { Issue.record("\(comment())") }
  }

  private func text(_ write: (inout [UInt8]) -> Void) -> String {
    var bytes: [UInt8] = []
    write(&bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  private func printf(_ format: String, _ value: Double) -> String {
    var buffer = [CChar](repeating: 0, count: 1024)
    _ = withVaList([value]) { vsnprintf(&buffer, buffer.count, format, $0) }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private func randomDouble(_ random: inout SeededNumbers) -> Double {
    switch random.next() % 5 {
    case 0: return Double(bitPattern: random.next())
    case 1: return Double(Int64(bitPattern: random.next()) >> Int64(random.next() % 60)) / 1000
    case 2: return Double(random.next() % 100_000) / Double(1 + random.next() % 1000)
    case 3: return Double(random.next() >> 11) * 0x1p-53
    default: return Double(Int64(random.next() % 2000) - 1000) / 8
    }
  }

  @Test func floatsPrintAsWithPrintf() {
    var random = SeededNumbers.forTest("float printing")
    func check(_ format: String, _ value: Double, _ write: (inout [UInt8]) -> Void) {
      let ours = text(write)
      let expected = printf(format, value)
      verify(ours == expected, "\(format): \(ours), printf: \(expected)")
    }
    for _ in 0..<15_000 {
      let value = randomDouble(&random)
      guard value.isFinite else { continue }
      let precision = Int(random.next() % 20)
      check("%.14g", value) { FloatText.general(value, precision: 14, isAlternate: false, to: &$0) }
      check("%.\(precision)g", value) { FloatText.general(value, precision: precision, isAlternate: false, to: &$0) }
      check("%.\(precision)e", value) { FloatText.scientific(value, precision: precision, isAlternate: false, to: &$0) }
      check("%.\(precision)f", value) { FloatText.fixed(value, precision: precision, isAlternate: false, to: &$0) }
      check("%a", value) { FloatText.hexadecimal(value, precision: nil, to: &$0) }
    }
  }

  @Test func floatsReadAsWithStrtod() {
    var random = SeededNumbers.forTest("float reading")
    func check(_ text: String) {
      let bytes = Array(text.utf8)
      let value = bytes.withUnsafeBufferPointer { Numbers.parse($0)?.value.asNumber }
      verify(value?.bitPattern == strtod(text, nil).bitPattern, "\(text)")
    }
    for _ in 0..<10_000 {
      let value = randomDouble(&random)
      guard value.isFinite else { continue }
      check(
        printf("%.17g", value)
          + (printf("%.17g", value).contains(".") || printf("%.17g", value).contains("e") ? "" : ".0"))
      check(printf("%.\(random.next() % 18)e", value))
      check(printf("%a", value))
    }
    // Halfway between two floats, and one digit beyond.
    for text in [
      "9007199254740993.0", "9007199254740992.99999999999", "2.4703282292062327e-324", "2.4703282292062328e-324",
      "1.7976931348623158e308", "1.7976931348623159e308", "4.9e-324",
      "0.500000000000000166533453693773481063544750213623046875",
      "1e-400", "1e400", "1.00000000000000011102230246251565404", "123456789012345678901234567890e-10",
      "0x1.fffffffffffff8p0",
      "0x0.00000000000008p-1022", "0x1p-1075", "0x1.8p-1075",
    ] {
      check(text)
    }
  }

  /// Distance from the correctly rounded result of the long double function, in units of the last place.
  private func distance(_ value: Double, _ exact: Float80) -> Double {
    if value.isNaN { return exact.isNaN ? 0 : .infinity }
    if value.isInfinite { return Double(exact).isInfinite ? 0 : .infinity }
    let unit = max(Float80(value.ulp), Float80(Double.leastNonzeroMagnitude))
    return Double(((Float80(value) - exact) / unit).magnitude)
  }

  @Test func elementaryFunctionsAreWithinOneUnit() {
    var random = SeededNumbers.forTest("elementary functions")
    var worst: [String: Double] = [:]
    func check(_ name: String, _ value: Double, _ exact: Float80, _ argument: Double) {
      let found = distance(value, exact)
      worst[name] = max(worst[name] ?? 0, found)
      verify(found < 1, "\(name)(\(argument)) = \(value), exactly \(exact)")
    }
    for _ in 0..<15_000 {
      let small = (Double(random.next() >> 11) * 0x1p-53 - 0.5) * 20
      let unit = Double(random.next() >> 11) * 0x1p-52 - 1
      let wide = Double(bitPattern: random.next())
      for x in [small, wide] where x.isFinite {
        check("exp", Elementary.exponential(x), expl(Float80(x)), x)
        check("sin", Elementary.sine(x), sinl(Float80(x)), x)
        check("cos", Elementary.cosine(x), cosl(Float80(x)), x)
        check("tan", Elementary.tangent(x), tanl(Float80(x)), x)
        check("atan", Elementary.arcTangent(x, 1), atanl(Float80(x)), x)
        check("atan2", Elementary.arcTangent(x, small), atan2l(Float80(x), Float80(small)), x)
        let positive = x.magnitude
        check("log", Elementary.logarithm(positive), logl(Float80(positive)), positive)
        check("log2", Elementary.logarithm2(positive), log2l(Float80(positive)), positive)
        check("log10", Elementary.logarithm10(positive), log10l(Float80(positive)), positive)
        check("pow", Elementary.power(positive, small), powl(Float80(positive), Float80(small)), positive)
        let divisor = Double(bitPattern: random.next())
        if divisor.isFinite {
          verify(
            Elementary.remainder(x, divisor).bitPattern == Glibc.fmod(x, divisor).bitPattern, "fmod(\(x), \(divisor))")
        }
      }
      check("asin", Elementary.arcSine(unit), asinl(Float80(unit)), unit)
      check("acos", Elementary.arcCosine(unit), acosl(Float80(unit)), unit)
    }
    print(
      "units in the last place:",
      worst.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
  }

  @Test func specialArguments() {
    let values: [Double] = [
      0, -0.0, 1, -1, .infinity, -.infinity, .nan, 0.5, -0.5, 2, -2, 3, -3, 1e300, .leastNonzeroMagnitude,
    ]
    func same(_ ours: Double, _ theirs: Double) -> Bool {
      ours.isNaN ? theirs.isNaN : ours.bitPattern == theirs.bitPattern || (ours - theirs).magnitude <= theirs.ulp
    }
    for x in values {
      verify(same(Elementary.exponential(x), exp(x)))
      verify(same(Elementary.logarithm(x), log(x)))
      verify(same(Elementary.sine(x), sin(x)))
      verify(same(Elementary.cosine(x), cos(x)))
      verify(same(Elementary.tangent(x), tan(x)))
      verify(same(Elementary.arcSine(x), asin(x)))
      verify(same(Elementary.arcCosine(x), acos(x)))
      verify(Numbers.floor(x).bitPattern == floor(x).bitPattern || x.isNaN)
      verify(Numbers.ceiling(x).bitPattern == ceil(x).bitPattern || x.isNaN)
      for y in values {
        verify(same(Elementary.power(x, y), pow(x, y)), "pow(\(x), \(y)) \(Elementary.power(x, y))")
        verify(same(Elementary.arcTangent(x, y), atan2(x, y)), "atan2(\(x), \(y))")
        verify(same(Elementary.remainder(x, y), fmod(x, y)), "fmod(\(x), \(y))")
      }
    }
    for base in 2...12 {
      for power in 0...14 {
        let exact = (0..<power).reduce(1.0) { product, _ in product * Double(base) }
        verify(Elementary.power(Double(base), Double(power)) == exact)
      }
    }
    for power in -1074...1023 {
      let value = scalbn(1.0, Int32(power))
      verify(Elementary.logarithm2(value) == Double(power))
      verify(Elementary.power(2, Double(power)) == value)
    }
    for power in 0...22 { verify(Elementary.logarithm10(pow(10, Double(power))) == Double(power)) }
  }

  @Test func theRandomStreamIsTheOneOfItsAuthors() {
    // First outputs of xoshiro256** with the state 1, 2, 3, 4, from the authors' code.
    var stream = RandomStream(state: (1, 2, 3, 4))
    #expect(
      [stream.next(), stream.next(), stream.next(), stream.next()] == [
        11520, 0, 1_509_978_240, 1_215_971_899_390_074_240,
      ])
  }
}
