import AppFormat
import AppManager
import Crypto
import Foundation
import Linux
import Testing

@testable import Apps

/// Ordinary programs of WASI, built by clang with wasi-libc, and by Rust with its standard library.
@Suite struct ProgramTests {
  private func launch(_ bench: Bench, _ name: String, _ program: String, _ capabilities: CapabilitySet = [])
    async throws -> AppLaunch
  {
    let builtins = try #require(
      (14...30).map { "/usr/lib/llvm-\($0)/lib/clang/\($0)/lib/wasi/libclang_rt.builtins-wasm32.a" }.first {
        FileManager.default.fileExists(atPath: $0)
      })
    return try await self.launch(bench, name, program, capabilities, "c") { source, output in
      [
        "clang", "--target=wasm32-wasi", "--sysroot=/usr", "-isystem", "/usr/include/wasm32-wasi", "-Os",
        "-nodefaultlibs", source, "-o", output, "-lc", builtins, "-Wl,--strip-all",
      ]
    }
  }

  private func launch(
    _ bench: Bench, _ name: String, _ program: String, _ capabilities: CapabilitySet, _ suffix: String,
    _ command: (String, String) -> [String]
  ) async throws -> AppLaunch {
    var launch = try bench.launch(name, "(module)", capabilities)
    let source = "\(bench.folder)/\(name).\(suffix)"
    let output = "\(bench.folder)/\(name).wasm"
    try Data(program.utf8).write(to: URL(fileURLWithPath: source))
    try await runTool(command(source, output))
    launch.module = Array(try Data(contentsOf: URL(fileURLWithPath: output)))
    launch.sha256 = Digest.sha256(launch.module)
    return launch
  }

  private static let asking = """
    #include <stdio.h>
    #include <stdlib.h>
    int main(int argc, char **argv) {
      for (int i = 0; i < argc; i++) printf("argument %s\\n", argv[i]);
      printf("COLOR=%s\\n", getenv("COLOR"));
      char line[64] = "nothing\\n";
      FILE *file = fopen("/notes.txt", "r");
      if (file) fgets(line, sizeof line, file);
      fprintf(stderr, "read %s", line);
      printf("up %s\\n", fopen("/../secret.txt", "r") ? "yes" : "no");
      printf("write %s", fopen("/new.txt", "w") ? "yes" : "no");
      return argc;
    }
    """

  @Test func argumentsEnvironmentAndFiles() async throws {
    let bench = try Bench()
    var launch = try await launch(bench, "asking", Self.asking, [.storageRead, .storageWrite])
    launch.arguments = ["one", "two words"]
    launch.environment = ["COLOR": "blue"]
    try Data("kept\n".utf8).write(to: URL(fileURLWithPath: "\(launch.dataDirectory)/notes.txt"))
    try Data("secret\n".utf8).write(to: URL(fileURLWithPath: "\(bench.folder)/data/secret.txt"))
    #expect(try await bench.run(launch) == .exited(code: 3))
    let expected = [
      "argument asking", "argument one", "argument two words", "COLOR=blue", "read kept", "up no", "write yes",
    ]
    #expect(bench.lines("asking").sorted() == expected.sorted())
    #expect(bench.runtime.log(of: launch.name).lines().first { $0.text == "read kept" }?.level == .error)
    // Without rights there is a folder, and nothing can be done with it.
    launch.capabilities = []
    #expect(try await bench.run(launch) == .exited(code: 3))
    #expect(bench.lines("asking").suffix(7).contains("read nothing"))
    #expect(bench.lines("asking").suffix(7).contains("write no"))
    #expect(bench.runtime.audit.entries.contains { $0.event == .capabilityDenied && $0.detail == "path_open" })
  }

  private static let head = #"""
    #include <dirent.h>
    #include <errno.h>
    #include <fcntl.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include <sys/stat.h>
    #include <time.h>
    #include <unistd.h>
    static int failures;
    #define CHECK(x) do { if (!(x)) { printf("line %d: %s, errno %d\n", __LINE__, #x, errno); failures++; } } while (0)
    #define FAILS(x, e) do { errno = 0; CHECK((x) < 0 && errno == (e)); } while (0)

    """#

  @Test func programsWorkWithFilesAsAnywhere() async throws {
    let bench = try Bench()
    let launch = try await launch(
      bench, "files",
      Self.head + #"""
        static int count(const char *path) {
          DIR *folder = opendir(path);
          int names = 0;
          CHECK(folder);
          for (struct dirent *entry; folder && (entry = readdir(folder));)
            if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) names++;
          if (folder) {
            rewinddir(folder);
            CHECK(readdir(folder));
            closedir(folder);
          }
          return names;
        }
        int main(void) {
          char text[100] = {0};
          struct stat status;
          CHECK(mkdir("/sub", 0700) == 0);
          FAILS(mkdir("/sub", 0700), EEXIST);
          FILE *file = fopen("sub/notes.txt", "w");
          CHECK(file && fprintf(file, "hello %d\n", 42) == 9 && fclose(file) == 0);
          file = fopen("/sub/notes.txt", "a+");
          CHECK(file && fputs("more\n", file) >= 0 && fseek(file, 0, SEEK_SET) == 0);
          CHECK(fgets(text, sizeof text, file) && !strcmp(text, "hello 42\n"));
          CHECK(fseek(file, -5, SEEK_END) == 0 && ftell(file) == 9);
          CHECK(fgets(text, sizeof text, file) && !strcmp(text, "more\n") && !fgets(text, sizeof text, file));
          CHECK(fclose(file) == 0 && stat("sub/notes.txt", &status) == 0 && status.st_size == 14);
          CHECK(S_ISREG(status.st_mode) && status.st_mtime > 1600000000);
          CHECK(stat("/sub", &status) == 0 && S_ISDIR(status.st_mode));
          int fd = open("data", O_RDWR | O_CREAT | O_EXCL, 0600);
          CHECK(fd > 3);
          FAILS(open("data", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
          CHECK(write(fd, "0123456789", 10) == 10 && pwrite(fd, "AB", 2, 4) == 2 && pread(fd, text, 4, 3) == 4);
          CHECK(!memcmp(text, "3AB6", 4) && lseek(fd, 0, SEEK_CUR) == 10);
          CHECK(ftruncate(fd, 6) == 0 && fstat(fd, &status) == 0 && status.st_size == 6);
          CHECK(lseek(fd, 2, SEEK_SET) == 2 && read(fd, text, 100) == 4 && !memcmp(text, "23AB", 4));
          CHECK(read(fd, text, 100) == 0 && fsync(fd) == 0 && fdatasync(fd) == 0);
          CHECK(fcntl(fd, F_SETFL, O_APPEND) == 0 && lseek(fd, 0, SEEK_SET) == 0 && write(fd, "C", 1) == 1);
          CHECK(lseek(fd, 0, SEEK_CUR) == 7 && posix_fallocate(fd, 0, 100) == 0);
          CHECK(fstat(fd, &status) == 0 && status.st_size == 100);
          FAILS(lseek(fd, -1, SEEK_SET), EINVAL);
          struct timespec times[2] = {{1000, 5}, {2000, 7}};
          CHECK(futimens(fd, times) == 0 && fstat(fd, &status) == 0 && status.st_mtim.tv_sec == 2000);
          CHECK(close(fd) == 0);
          FAILS(close(fd), EBADF);
          fd = open("data", O_RDONLY);
          FAILS(write(fd, "x", 1), EBADF);
          close(fd);
          fd = open("data", O_WRONLY);
          FAILS(read(fd, text, 1), EBADF);
          close(fd);
          CHECK(rename("data", "sub/moved") == 0 && access("data", F_OK) < 0 && access("sub/moved", R_OK) == 0);
          for (int i = 0; i < 150; i++) {
            snprintf(text, sizeof text, "sub/a name that is rather long, number %d", i);
            fd = open(text, O_WRONLY | O_CREAT, 0600);
            CHECK(fd > 0 && close(fd) == 0);
          }
          CHECK(count("sub") == 152 && count("/") == 1);
          // Everything is removed while it is listed.
          DIR *folder = opendir("sub");
          for (struct dirent *entry; (entry = readdir(folder));)
            if (entry->d_type == DT_REG) CHECK(unlinkat(dirfd(folder), entry->d_name, 0) == 0);
          closedir(folder);
          CHECK(count("sub") == 0);
          FAILS(unlink("sub"), EISDIR);
          CHECK(rename("sub", "other") == 0 && rmdir("other") == 0);
          FAILS(rmdir("other"), ENOENT);
          FAILS(symlink("a", "b"), ENOTSUP);
          FAILS(link("a", "b"), ENOTSUP);
          FAILS(open("../x", O_RDONLY), EACCES);
          CHECK(count("/") == 0 && isatty(1) && !isatty(3));
          printf("%d failures", failures);
          return failures;
        }
        """#, [.fsRead, .fsWrite])
    #expect(try await bench.run(launch) == .exited(code: 0))
    #expect(bench.lines("files") == ["0 failures"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: launch.dataDirectory) == [])
  }

  @Test func programsMeetTheirQuotas() async throws {
    let bench = try Bench()
    var launch = try await launch(
      bench, "full",
      Self.head + #"""
        static char block[4096];
        int main(void) {
          rmdir("folder");
          int fd = open("big", O_WRONLY | O_CREAT, 0600), blocks = 0;
          while (write(fd, block, sizeof block) == sizeof block) blocks++;
          CHECK(errno == ENOSPC && blocks == 8);
          CHECK(write(fd, block, 96) == 96);
          FAILS(write(fd, block, 1), ENOSPC);
          FAILS(ftruncate(fd, 8 * 4096 + 97), ENOSPC);
          FAILS(open("next", O_WRONLY | O_CREAT, 0600), ENOSPC);
          FAILS(mkdir("folder", 0700), ENOSPC);
          CHECK(unlink("big") == 0);
          // It is still open.
          FAILS(mkdir("folder", 0700), ENOSPC);
          close(fd);
          CHECK(mkdir("folder", 0700) == 0);
          int open_count = 0;
          while (open("folder", O_RDONLY) >= 0) open_count++;
          CHECK(errno == EMFILE && open_count == 32);
          return failures;
        }
        """#, [.storageRead, .storageWrite])
    launch.quotas.storageBytesMax = 9 * 4096 + 96
    #expect(try await bench.run(launch) == .exited(code: 0))
    #expect(bench.lines("full") == [])
    #expect(bench.runtime.audit.entries.contains { $0.event == .quotaReached && $0.detail == "storage" })
    // Handles count together with others.
    launch.quotas.handlesMax = 5
    #expect(try await bench.run(launch) == .exited(code: 1))
    #expect(bench.lines("full").contains { $0.contains("open_count == 32") })
  }

  @Test func aRevokedRightIsGoneAtTheNextCall() async throws {
    let bench = try Bench()
    let launch = try await launch(
      bench, "revoked",
      Self.head + #"""
        int main(void) {
          int fd = open("file", O_WRONLY | O_CREAT, 0600);
          printf("begun\n");
          while (write(fd, "x", 1) == 1) usleep(1000);
          printf("errno %d\n", errno == EPERM);
          FAILS(open("file", O_RDONLY), EPERM);
          CHECK(close(fd) == 0);
          return 40 + failures;
        }
        """#, [.storageWrite])
    let exits = Exits()
    let app = try await bench.runtime.start(launch) { exits.set($0) }
    while bench.lines("revoked").isEmpty { try await Task.sleep(for: .milliseconds(5)) }
    app.setGrants([])
    #expect(await exits.first() == .exited(code: 40))
    #expect(bench.lines("revoked") == ["begun", "errno 1"])
    #expect(app.statistics().deniedCount == 2)
  }

  /// What somebody else has put into the folder leads nowhere.
  @Test func programsStayInTheirFolder() async throws {
    let bench = try Bench()
    let launch = try await launch(
      bench, "escape",
      Self.head + #"""
        int main(void) {
          char text[100];
          struct stat status;
          FAILS(open("secret", O_RDONLY), EACCES);
          FAILS(open("away/secret", O_RDWR), EACCES);
          FAILS(open("away/new", O_WRONLY | O_CREAT, 0600), EACCES);
          FAILS(open("dangling", O_WRONLY | O_CREAT, 0600), EACCES);
          FAILS(open("../secret", O_RDONLY), EACCES);
          FAILS(stat("secret", &status), EACCES);
          FAILS(readlink("secret", text, sizeof text), EACCES);
          FAILS(unlink("secret"), EACCES);
          FAILS(rename("secret", "mine"), EACCES);
          CHECK(!opendir("away"));
          FAILS(open("/etc/passwd", O_RDONLY), ENOENT);
          return failures;
        }
        """#, [.fsRead, .fsWrite])
    let outside = bench.folder + "/outside"
    mkdir(outside, 0o700)
    try Data("secret".utf8).write(to: URL(fileURLWithPath: outside + "/secret"))
    for (name, target) in [("secret", outside + "/secret"), ("away", "../../outside"), ("dangling", outside + "/new")] {
      #expect(symlink(target, "\(launch.dataDirectory)/\(name)") == 0)
    }
    #expect(try await bench.run(launch) == .exited(code: 0))
    #expect(bench.lines("escape") == [])
    #expect(try FileManager.default.contentsOfDirectory(atPath: outside) == ["secret"])
  }

  @Test func programsOfRustRun() async throws {
    let bench = try Bench()
    var launch = try await launch(
      bench, "rusty",
      #"""
      use std::fs;
      use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
      fn main() -> std::io::Result<()> {
        println!("{:?} {:?}", std::env::args().collect::<Vec<_>>(), std::env::var("COLOR"));
        fs::create_dir_all("/a/b/c")?;
        let mut file = fs::OpenOptions::new().read(true).write(true).create(true).open("/a/b/c/x")?;
        file.write_all(b"hello world")?;
        file.seek(SeekFrom::Start(6))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        assert_eq!(text, "world");
        file.set_len(5)?;
        file.sync_all()?;
        assert_eq!(file.metadata()?.len(), 5);
        fs::OpenOptions::new().append(true).open("/a/b/c/x")?.write_all(b"!")?;
        assert_eq!(fs::read_to_string("/a/b/c/x")?, "hello!");
        fs::rename("/a/b/c/x", "/a/y")?;
        fs::copy("/a/y", "/a/b/z")?;
        let mut names: Vec<_> = fs::read_dir("/a")?.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        println!("{:?}", names);
        assert_eq!(fs::write("/big", vec![0u8; 1 << 20]).unwrap_err().raw_os_error(), Some(51));
        assert_eq!(fs::metadata("/big")?.len(), 0);
        assert_eq!(fs::read("/nothing").unwrap_err().kind(), ErrorKind::NotFound);
        assert!(fs::read("/a/../y").is_err());
        fs::remove_dir_all("/a")?;
        assert!(fs::metadata("/a").is_err());
        let begun = std::time::Instant::now();
        std::thread::sleep(std::time::Duration::from_millis(3));
        assert!(begun.elapsed().as_millis() >= 3 && std::time::SystemTime::now() > std::time::UNIX_EPOCH);
        eprintln!("done");
        std::process::exit(9)
      }
      """#, [.fsRead, .fsWrite], "rs"
    ) { source, output in
      [
        "/usr/bin/rustc", "--target", "wasm32-wasi", "--edition", "2021", "-O", "-C", "linker=wasm-ld", "-C",
        // The linker warns of what Rust keeps in its libraries beside code.
        "link-args=--no-fatal-warnings --strip-all", source, "-o", output,
      ]
    }
    launch.arguments = ["one"]
    launch.environment = ["COLOR": "blue"]
    launch.quotas.storageBytesMax = 100_000
    #expect(try await bench.run(launch) == .exited(code: 9))
    #expect(bench.lines("rusty") == [#"["rusty", "one"] Ok("blue")"#, #"["b", "y"]"#, "done"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: launch.dataDirectory) == ["big"])
  }

  /// A module of WASI is made ready before it is called, whichever way it is built.
  @Test func modulesAreMadeReady() async throws {
    let bench = try Bench()
    func module(_ ready: String) -> String {
      """
      (module (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
        (global $code (mut i32) (i32.const 1)) (memory (export "memory") 1)
        (func (export "\(ready)") (global.set $code (i32.add (i32.const 20) (call $yield))))
        (func (export "main") (result i32) (global.get $code)))
      """
    }
    #expect(try await bench.run(bench.launch("reactor", module("_initialize"))) == .exited(code: 20))
    // A command calls its main itself.
    #expect(try await bench.run(bench.launch("command", module("_start"))) == .exited(code: 0))
  }

  /// Sleep is no computing, costs nothing, and ends with the app.
  @Test func sleepingProgramsLiveAndAreStopped() async throws {
    let bench = try Bench()
    var short = try await launch(
      bench, "short",
      """
      #include <stdlib.h>
      #include <time.h>
      int main(void) {
        struct timespec time = {0, 400000000};
        nanosleep(&time, 0);
        exit(5);
      }
      """)
    short.quotas.executionTimeout = .milliseconds(100)
    #expect(try await bench.run(short) == .exited(code: 5))
    let long = try await launch(bench, "long", "#include <unistd.h>\nint main(void) { for (;;) sleep(3600); }")
    let exits = Exits()
    let app = try await bench.runtime.start(long) { exits.set($0) }
    await app.stop(timeout: .seconds(5))
    #expect(await exits.first() == .killed(.stopped))
  }

  @Test func linesAreLimited() async throws {
    let bench = try Bench()
    var flood = try await launch(
      bench, "flood",
      "#include <stdio.h>\nint main(void) { for (int i = 0; i < 5000; i++) printf(\"line %d\\n\", i); return 0; }")
    flood.quotas.logLinesPerSecondMax = 50
    let exits = Exits()
    let app = try await bench.runtime.start(flood) { exits.set($0) }
    #expect(await exits.first() == .exited(code: 0))
    let statistics = app.statistics()
    #expect(statistics.droppedLogLineCount > 0)
    #expect(statistics.logLineCount + statistics.droppedLogLineCount == 5000)
    #expect(bench.lines("flood").count == Int(statistics.logLineCount))
  }
}
