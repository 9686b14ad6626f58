import AppFormat

/// WASI preview 1: what ordinary programs are compiled for. Not among ``NativeTable/functions``, since their compilers bring
/// their own declarations.
extension NativeTable {
  public static let wasiModule = "wasi_snapshot_preview1"

  /// Every function of preview 1 (witx/wasi_snapshot_preview1.witx). Lists of buffers are an address and a number of pairs.
  public static let wasi: [NativeFunction] = wasiProgram + wasiDescriptors + wasiPaths + wasiSockets

  private static let reading: CapabilitySet = [.fsRead, .storageRead]
  private static let writing: CapabilitySet = [.fsWrite, .storageWrite]

  private static var wasiProgram: [NativeFunction] {
    let row = Row(module: wasiModule, family: .wasi)
    return [
      row("args_get", "pointers:u texts:u", "Arguments."),
      row("args_sizes_get", "count[4]= bytes[4]=", "How many arguments, and their bytes with zero bytes."),
      row("environ_get", "pointers:u texts:u", "The environment."),
      row("environ_sizes_get", "count[4]= bytes[4]=", "How many variables, and their bytes with zero bytes."),
      row("clock_res_get", "clock:u resolution[8]=", "Nanoseconds."),
      row("clock_time_get", "clock:u precision:l time[8]=", "Nanoseconds."),
      row("poll_oneoff", "wishes:u events:u count:u happened[4]=", "Waits for clocks and descriptors."),
      row("proc_exit", "code", gives: .nothing, "Ends the program."),
      row("proc_raise", "signal", support: .notBuilt, "There are no signals."),
      row("random_get", "into[]=", "Random bytes."),
      row("sched_yield", "", "Lets other threads run."),
    ]
  }

  private static var wasiDescriptors: [NativeFunction] {
    let row = Row(module: wasiModule, family: .wasi)
    let change = Row(module: wasiModule, family: .wasi, capabilities: writing)
    return [
      row("fd_advise", "fd offset:l length:l advice", "Nothing follows from advice."),
      change("fd_allocate", "fd offset:l length:l", "Makes a file at least so long."),
      row("fd_close", "fd", "Gives the descriptor back."),
      change("fd_datasync", "fd", "Bytes of a file to the disk."),
      row("fd_fdstat_get", "fd status[24]=", "Kind, flags and rights of a descriptor."),
      row("fd_fdstat_set_flags", "fd flags", "Whether writing appends."),
      row("fd_fdstat_set_rights", "fd base:l inheriting:l", "Takes rights of a descriptor away."),
      row("fd_filestat_get", "fd status[64]=", "What kind of file, its size and its times."),
      change("fd_filestat_set_size", "fd size:l", "Cuts a file off, or makes it longer."),
      change("fd_filestat_set_times", "fd accessed:l modified:l flags", "Times of a file."),
      row("fd_pread", "fd buffers:u count:u offset:l bytes[4]=", "Reads at a place."),
      row("fd_prestat_get", "fd status[8]=", "Whether it is the app's own folder."),
      row("fd_prestat_dir_name", "fd name[]=", "The name of that folder."),
      row("fd_pwrite", "fd buffers:u count:u offset:l bytes[4]=", "Writes at a place: all bytes, or none."),
      row("fd_read", "fd buffers:u count:u bytes[4]=", "Reads; 0 bytes at the end."),
      row("fd_readdir", "fd into[]= cookie:l bytes[4]=", needs: reading, "Names of a folder."),
      row("fd_renumber", "fd to", "Moves a descriptor to the number of another."),
      row("fd_seek", "fd distance:l whence place[8]=", "From 0 the start, 1 here, 2 the end."),
      change("fd_sync", "fd", "A file to the disk."),
      row("fd_tell", "fd place[8]=", "The place."),
      row("fd_write", "fd buffers:u count:u bytes[4]=", "Writes: to a file all bytes, or none."),
    ]
  }

  private static var wasiPaths: [NativeFunction] {
    let row = Row(module: wasiModule, family: .wasi, capabilities: writing)
    return [
      row("path_create_directory", "fd path[]", "Makes a folder."),
      row("path_filestat_get", "fd lookup path[] status[64]=", needs: reading, "As fd_filestat_get."),
      row("path_filestat_set_times", "fd lookup path[] accessed:l modified:l flags", "Times of a file."),
      row("path_link", "fd lookup path[] to_fd to_path[]", support: .refused, "A file has one name."),
      row(
        "path_open", "fd lookup path[] flags rights:l inheriting:l mode opened[4]=", needs: reading.union(writing),
        "Opens a file or a folder."),
      row("path_readlink", "fd path[] into[]= bytes[4]=", needs: reading, "Nothing is a link."),
      row("path_remove_directory", "fd path[]", "Removes an empty folder."),
      row("path_rename", "fd path[] to_fd to_path[]", "Moves a file or a folder."),
      row("path_symlink", "target[] fd path[]", support: .refused, "There are no links."),
      row("path_unlink_file", "fd path[]", "Removes a file."),
    ]
  }

  private static var wasiSockets: [NativeFunction] {
    let row = Row(module: wasiModule, family: .wasi)
    return [
      row("sock_accept", "fd flags accepted[4]=", "No descriptor is a socket."),
      row("sock_recv", "fd buffers:u count:u flags bytes[4]= about[2]=", "No descriptor is a socket."),
      row("sock_send", "fd buffers:u count:u flags bytes[4]=", "No descriptor is a socket."),
      row("sock_shutdown", "fd how", "No descriptor is a socket."),
    ]
  }
}

/// Error numbers of WASI preview 1 (witx/typenames.witx, errno).
public enum WASIErrno {
  public static let success: Int32 = 0
  /// More rights than a descriptor has.
  public static let notCapable: Int32 = 76

  /// For a number of Linux; those that no function here gives are an error of input and output.
  public static func number(linux errno: Int32) -> Int32 {
    switch errno {
    case 0: success
    case 1: 63  // EPERM
    case 2: 44  // ENOENT
    case 9: 8  // EBADF
    case 11: 6  // EAGAIN
    case 12: 48  // ENOMEM
    case 13: 2  // EACCES
    case 14: 21  // EFAULT
    case 16: 10  // EBUSY
    case 17: 20  // EEXIST
    case 19: 43  // ENODEV
    case 20: 54  // ENOTDIR
    case 21: 31  // EISDIR
    case 22: 28  // EINVAL
    case 24: 33  // EMFILE
    case 27: 22  // EFBIG
    case 28: 51  // ENOSPC
    case 29: 70  // ESPIPE
    case 36: 37  // ENAMETOOLONG
    case 38: 52  // ENOSYS
    case 39: 55  // ENOTEMPTY
    case 84: 25  // EILSEQ
    case 88: 57  // ENOTSOCK
    case 95: 58  // ENOTSUP
    default: 29  // EIO
    }
  }
}
