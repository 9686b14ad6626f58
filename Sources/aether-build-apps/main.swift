import AppProjects
import Glibc

// Builds projects of apps: `aether-build-apps OUTPUT PROJECT...` writes OUTPUT/NAME.wasm for each, and a line with its size.
let words = Array(CommandLine.arguments.dropFirst())
guard words.count >= 2 else {
  print("usage: aether-build-apps OUTPUT PROJECT...")
  exit(2)
}
var status: Int32 = 0
for folder in words.dropFirst() {
  do throws(ProjectError) {
    let project = try Project(folder: folder)
    let built = try project.build(
      output: "\(words[0])/\(project.name).wasm", workFolder: "\(words[0])/work/\(project.name)")
    print("\(built.path): \(built.sizes.whole) bytes")
  } catch {
    print("\(folder): \(error)")
    status = 1
  }
}
exit(status)
