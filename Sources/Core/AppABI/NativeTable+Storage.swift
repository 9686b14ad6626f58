import AppFormat

extension NativeTable {
  /// Files of the app's own folder, and its settings. No path leads out of the folder.
  static var storage: [NativeFunction] {
    let storage = Row(family: .storage, capabilities: [.storageRead], rate: .storage)
    let files = Row(family: .files, capabilities: [.fsRead], rate: .storage)
    let settings = Row(family: .settings, capabilities: [.settings], rate: .storage)
    let either: CapabilitySet = [.storageRead, .storageWrite]
    let any: CapabilitySet = [.fsRead, .fsWrite]
    // A handle can be given back at any rate, else it would be lost.
    let closeStorage = Row(family: .storage, capabilities: either)
    let closeFile = Row(family: .files, capabilities: any)
    return [
      storage(
        "storage_open", "path$ mode", needs: either,
        "Mode 0 read, 1 write anew, 2 append, 3 both anew; writing needs storage.write."),
      storage("storage_read", "file into[]=", "Gives how many bytes; 0 at the end."),
      storage(
        "storage_write", "file data[]", needs: [.storageWrite],
        "Gives how many bytes; −ENOSPC when the quota is used up."),
      closeStorage("storage_close", "file", gives: .nothing, "Gives the handle back."),
      storage("storage_delete", "path$", needs: [.storageWrite], "Removes a file."),
      storage(
        "storage_list", "path$ into[]=",
        "Names, a line each, folders with /, as many whole lines as fit, and a zero byte; gives the bytes with it."),

      files(
        "fs_open", "path$ flags", needs: any,
        "Flags 0 read, 1 write, 2 append, 4 both, 8 create, 16 truncate; writing needs fs.write."),
      closeFile("fs_close", "file", "Gives the handle back."),
      files("fs_read", "file into[]=", "Gives how many bytes; 0 at the end."),
      files("fs_write", "file data[]", needs: [.fsWrite], "Gives how many bytes; −ENOSPC when the quota is used up."),
      files("fs_seek", "file offset whence", needs: any, "From 0 the start, 1 here, 2 the end; gives the new place."),
      files("fs_tell", "file", needs: any, "The place."),
      files(
        "fs_stat", "path$ status[16]=",
        "Size (32 bits), type (0 file, 1 folder), 3 bytes of nothing, changed (64 bits, ms)."),
      files("fs_unlink", "path$", needs: [.fsWrite], "Removes a file or an empty folder."),
      files("fs_mkdir", "path$", needs: [.fsWrite], "Makes a folder."),
      files("fs_readdir", "path$ into[]=", "As storage_list."),

      settings(
        "settings_get", "key$ into[]=", "The text with its zero byte; gives its length without it, −ENOENT without one."
      ),
      settings("settings_set", "key$ value$", "Kept for this app alone, over restarts."),
      settings("settings_delete", "key$", "−ENOENT when there is none."),
    ]
  }
}
