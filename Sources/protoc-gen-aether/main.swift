// protoc-gen-aether: a protoc plugin that writes Swift for the module `Protobuf`, and service stubs for `GRPC`.
//
// Parameters (--aether_opt=a=b,c=d):
//   access=public|internal   visibility of what is generated; public without it
//   services=true|false      write client and server stubs, which import `GRPC`; true without it
//   module=Name              the module being generated into, which is not imported
//   map:file.proto=Name      the messages of that file live in module Name

import Glibc
import Protobuf

func readStandardInput() -> [UInt8] {
  var input: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 64 * 1024)
  while true {
    let count = read(STDIN_FILENO, &chunk, chunk.count)
    if count < 0, errno == EINTR { continue }
    guard count > 0 else { return input }
    input += chunk[0..<count]
  }
}

func writeStandardOutput(_ bytes: [UInt8]) -> Bool {
  var rest = bytes[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    if count < 0, errno == EINTR { continue }
    guard count > 0 else { return false }
    rest = rest.dropFirst(count)
  }
  return true
}

var response = GeneratorResponse()
do throws(GeneratorError) {
  let request = try GeneratorRequest(serialized: readStandardInput())
  response.files = try Generator(request).files()
} catch {
  response.error = error.description
}
exit(writeStandardOutput(response.serialized()) ? 0 : 1)
