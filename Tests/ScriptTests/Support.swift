import Foundation
import Testing

@testable import Script

/// Collects what scripts print.
final class PrintingHost: ScriptHost {
  var output: [UInt8] = []
  var stream = RandomStream(seed: 1)

  override func print(_ line: [UInt8]) {
    output += line
    output.append(10)
  }

  override func random() -> UInt64 { stream.next() }
}

struct ScriptRun {
  var output: String
  var fault: ScriptFault?
  var used: Int64
}

/// Runs a text in a machine of its own; the output ends with the error, if there was one.
func runScript(_ source: String, name: String = "p", budget: Budget = .generous) -> ScriptRun {
  let host = PrintingHost()
  let machine = Machine(host: host, budget: budget)
  var fault: ScriptFault?
  do throws(SyntaxError) {
    let program = try ScriptCompiler.compile(Array(source.utf8), name: Array(name.utf8))
    do throws(ScriptFault) {
      try machine.run(try machine.load(program))
    } catch {
      fault = error
      host.output += Array("error: ".utf8) + error.message + [10]
    }
  } catch {
    host.output += Array("syntax error at line \(error.line)\n".utf8)
  }
  return ScriptRun(output: String(decoding: host.output, as: UTF8.self), fault: fault, used: machine.instructionsUsed)
}

/// The packaged `lua5.4`, which says what programs should print. Many run in one process.
enum LuaPeer {
  private static let separator = "\n--@@--\n"

  private static let driver = """
    local separator = "\\n--@@--\\n"
    local text = io.read("a")
    local start = 1
    while true do
      local from, to = text:find(separator, start, true)
      if not from then break end
      local source = text:sub(start, from - 1)
      start = to + 1
      local out = {}
      local environment = {}
      for k, v in pairs(_G) do environment[k] = v end
      for _, name in ipairs {"string", "table", "math", "coroutine", "utf8"} do
        environment[name] = {}
        for k, v in pairs(_G[name]) do environment[name][k] = v end
      end
      environment._G = environment
      environment.unpack = table.unpack
      for _, name in ipairs {"io", "os", "load", "loadstring", "dofile", "require", "debug", "package", "arg", "loadfile"} do
        environment[name] = nil
      end
      environment.print = function(...)
        local line = {}
        for i = 1, select("#", ...) do line[i] = tostring((select(i, ...))) end
        out[#out + 1] = table.concat(line, "\\t") .. "\\n"
      end
      local chunk, message = load(source, "=p", "t", environment)
      if chunk then
        local ok, e = pcall(chunk)
        if not ok then
          local kind = type(e)
          if kind ~= "string" and kind ~= "number" then e = "(error object is a " .. kind .. " value)" end
          out[#out + 1] = "error: " .. e .. "\\n"
        end
      else
        out[#out + 1] = "syntax error at line " .. message:match("^p:(%d+):") .. "\\n"
      end
      io.write(table.concat(out), separator)
      io.flush()
    end
    """

  struct Failure: Error, CustomStringConvertible { var description: String }

  /// What each program prints.
  static func run(_ programs: [String]) throws -> [String] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/lua5.4")
    process.arguments = ["-e", driver]
    let directory = FileManager.default.temporaryDirectory
    let input = directory.appendingPathComponent("aether-script-\(UUID().uuidString)")
    try Data((programs.joined(separator: separator) + separator).utf8).write(to: input)
    defer { try? FileManager.default.removeItem(at: input) }
    let output = Pipe()
    process.standardInput = try FileHandle(forReadingFrom: input)
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(description: "lua5.4 exited with \(process.terminationStatus)")
    }
    // The sign of NaN depends on the processor; ours has none.
    var outputs = String(decoding: data, as: UTF8.self).replacingOccurrences(of: "-nan", with: "nan")
      .components(separatedBy: separator)
    outputs.removeLast()
    guard outputs.count == programs.count else {
      throw Failure(description: "lua5.4 answered \(outputs.count) of \(programs.count) programs")
    }
    return outputs
  }
}
