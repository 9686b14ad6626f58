/// Without scripts there are no functions for them.
enum HostFunctions {
  struct Entry { var name: StaticString }
  static var all: [Entry] { [] }
}
