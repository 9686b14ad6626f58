import Testing

@testable import Linux

@Suite struct CgroupPlanTests {
  let unified = CgroupHierarchy(unified: "/u", unifiedControllers: ["cpu", "cpuset", "io", "memory", "pids"])
  let hybrid = CgroupHierarchy(
    unified: "/u", unifiedControllers: [],
    legacy: ["cpu": "/1/cpu", "cpuset": "/1/cpuset", "blkio": "/1/blkio", "memory": "/1/memory", "pids": "/1/pids"])

  var full: CgroupLimits {
    var limits = CgroupLimits()
    limits.cpuWeight = 200
    limits.cpuQuotaMicroseconds = 50_000
    limits.cpus = "0-1"
    limits.memoryMax = 1 << 20
    limits.memoryLow = 4096
    limits.swapMax = 0
    limits.processesMax = 10
    limits.devices = [.init(major: 8, minor: 0, readBytesPerSecond: 1000, writesPerSecond: 5)]
    return limits
  }

  @Test func unifiedWrites() throws {
    #expect(
      try full.writes(on: unified) == [
        CgroupWrite("cpu", "cpu.weight", "200"),
        CgroupWrite("cpu", "cpu.max", "50000 100000"),
        CgroupWrite("cpuset", "cpuset.cpus", "0-1"),
        CgroupWrite("io", "io.max", "8:0 rbps=1000 wiops=5"),
        CgroupWrite("memory", "memory.low", "4096"),
        CgroupWrite("memory", "memory.max", "1048576"),
        CgroupWrite("memory", "memory.swap.max", "0", mayBeMissing: true),
        CgroupWrite("pids", "pids.max", "10"),
      ])
  }

  @Test func hybridWrites() throws {
    #expect(
      try full.writes(on: hybrid) == [
        CgroupWrite("cpu", "cpu.shares", "2048"),
        CgroupWrite("cpu", "cpu.cfs_period_us", "100000"),
        CgroupWrite("cpu", "cpu.cfs_quota_us", "50000"),
        CgroupWrite("cpuset", "cpuset.cpus", "0-1"),
        CgroupWrite("io", "blkio.throttle.read_bps_device", "8:0 1000"),
        CgroupWrite("io", "blkio.throttle.write_iops_device", "8:0 5"),
        CgroupWrite("memory", "memory.soft_limit_in_bytes", "4096"),
        CgroupWrite("memory", "memory.limit_in_bytes", "1048576"),
        CgroupWrite("memory", "memory.memsw.limit_in_bytes", "1048576", mayBeMissing: true),
        CgroupWrite("pids", "pids.max", "10"),
      ])
  }

  @Test func refusals() throws {
    var limits = CgroupLimits()
    limits.memoryHigh = 1
    #expect(throws: CgroupLimitError.onlyUnified(limit: "memoryHigh")) { try limits.writes(on: hybrid) }
    #expect(throws: CgroupLimitError.noController(limit: "memory", controller: "memory")) {
      try limits.writes(on: CgroupHierarchy(unified: "/u", unifiedControllers: ["cpu"]))
    }
    limits = CgroupLimits()
    limits.cpuWeight = 0
    #expect(throws: CgroupLimitError.outOfRange(limit: "cpuWeight", accepted: "1 to 10000")) {
      try limits.writes(on: unified)
    }
    #expect(try CgroupLimits().writes(on: unified).isEmpty)
  }

  @Test(arguments: ["0", "1,2", "1-3", "1,2-5,6", "10-12"]) func acceptedLists(_ text: String) {
    #expect(CgroupLimits.isNumberList(text))
  }

  @Test(arguments: ["", "foo", "1:2", "1..3", "1,foo;5", "5-", ",1", "1,,2", "1,", "3-1", "+1", "1-2-3"])
  func refusedLists(_ text: String) {
    #expect(!CgroupLimits.isNumberList(text))
  }

  @Test func mountInfo() throws {
    let text = """
      30 23 0:26 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755
      31 30 0:27 / /sys/fs/cgroup/uni\\040fied rw,nosuid shared:10 - cgroup2 cgroup2 rw,nsdelegate
      32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:11 - cgroup cgroup rw,cpu,cpuacct
      33 30 0:29 / /sys/fs/cgroup/systemd rw shared:12 - cgroup cgroup rw,name=systemd
      34 30 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
      garbage
      """
    let found = try #require(CgroupHierarchy.parse(mountInfo: text))
    #expect(found.unified == "/sys/fs/cgroup/uni fied")
    #expect(found.legacy == ["cpu": "/sys/fs/cgroup/cpu,cpuacct", "memory": "/sys/fs/cgroup/memory"])
    #expect(CgroupHierarchy.parse(mountInfo: "") == nil)
  }

  @Test func pressure() throws {
    let text = "some avg10=1.50 avg60=0.00 avg300=0.00 total=77\nfull avg10=0.25 avg60=0.00 avg300=0.00 total=9\n"
    let pressure = try #require(CgroupStats.Pressure(text))
    #expect(pressure.someAverage10 == 1.5 && pressure.someTotalMicroseconds == 77)
    #expect(pressure.fullAverage10 == 0.25 && pressure.fullTotalMicroseconds == 9)
    #expect(CgroupStats.Pressure("") == nil)
  }
}
