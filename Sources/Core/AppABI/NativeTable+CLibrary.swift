import AppFormat

extension NativeTable {
  /// The part of a C library that the reference's run-time brings. Any number may be an address; the functions look themselves.
  static var cLibrary: [NativeFunction] { memoryAndTexts + printing + others }

  private static var memoryAndTexts: [NativeFunction] {
    let c = Row(family: .libc)
    return [
      c("memcpy", "to:u from:u size:u", gives: .address, "Gives `to`."),
      c("memmove", "to:u from:u size:u", gives: .address, "Gives `to`."),
      c("emscripten_memcpy_big", "to:u from:u size:u", gives: .address, "As memcpy."),
      c("memset", "to:u value size:u", gives: .address, "Gives `to`."),
      c("memcmp", "a:u b:u size:u", "Below, above or 0."),
      c("memchr", "bytes:u byte size:u", gives: .address, "Address of the first such byte; 0 without one."),
      c("strlen", "text:u", "Bytes before the zero byte."),
      c("strcmp", "a:u b:u", "Below, above or 0."),
      c("strncmp", "a:u b:u size:u", "Below, above or 0."),
      c("strncasecmp", "a:u b:u size:u", "The same, letters of both cases being equal."),
      c("strcpy", "to:u from:u", gives: .address, "Gives `to`."),
      c("strncpy", "to:u from:u size:u", gives: .address, "Gives `to`."),
      c("strchr", "text:u byte", gives: .address, "Address of the first such byte; 0 without one."),
      c("strstr", "text:u part:u", gives: .address, "Address of the first such part; 0 without one."),
      c("strspn", "text:u bytes:u", "How many bytes the text begins with that are among these."),
      c("strcspn", "text:u bytes:u", "How many bytes the text begins with that are not among these."),
      c("strdup", "text:u", gives: .address, "A copy of the text, to be given to free."),
      c("_strdup", "text:u", gives: .address, "As strdup."),
      c("malloc", "size:u", gives: .address, "As mem_alloc."),
      c("calloc", "count:u size:u", gives: .address, "As mem_alloc, filled with zero bytes."),
      c("realloc", "address:u size:u", gives: .address, "Moves it."),
      c("free", "address:u", gives: .nothing, "As mem_free."),
    ]
  }

  private static var printing: [NativeFunction] {
    let c = Row(family: .libc)
    return [
      c(
        "printf", "format:u arguments:u",
        "Adds to the line that is being written; whole lines are in the app's log. Gives how many bytes; −EMSGSIZE beyond 65,536."
      ),
      c("vprintf", "format:u arguments:u", "As printf."),
      c("sprintf", "to:u format:u arguments:u", "Writes the text and a zero byte; gives its length."),
      c("vsprintf", "to:u format:u arguments:u", "As sprintf."),
      c(
        "snprintf", "to:u size:u format:u arguments:u",
        "The same, but no more than `size` bytes with the zero byte; gives the length that all of it has."),
      c("vsnprintf", "to:u size:u format:u arguments:u", "As snprintf."),
      c("puts", "text$", "Writes a line into the app's log."),
      c("putchar", "byte", "Adds to the line that is being written."),
    ]
  }

  private static var others: [NativeFunction] {
    let c = Row(family: .libc)
    return [
      c("atoi", "text:u", "The number that a text begins with."),
      c("strtol", "text:u end:u base", "The same in a base of 2 to 36, or 0; where it ends is written at `end`."),
      c("strtoul", "text:u end:u base", "The same without a sign."),
      c("isupper", "byte", "Not 0 for A to Z."),
      c("isalpha", "byte", "Not 0 for letters."),
      c("isspace", "byte", "Not 0 for space, tab and ends of lines."),
      c("isgraph", "byte", "Not 0 for what is printed and is no space."),
      c("isprint", "byte", "Not 0 for what is printed."),
      c("isdigit", "byte", "Not 0 for 0 to 9."),
      c("isxdigit", "byte", "Not 0 for digits of base 16."),
      c("isalnum", "byte", "Not 0 for letters and digits."),
      c("tolower", "byte", "The small letter."),
      c("toupper", "byte", "The large letter."),
      c("clock", "", gives: .int64, "Nanoseconds since the host started."),
      c(
        "clock_gettime", "clock time:u",
        "Writes seconds (64 bits) and nanoseconds (32 bits): clock 0 since 1970, 1 since the start."),
      c("setjmp", "place:u", "Gives 0: there is no way back to the place."),
      c("longjmp", "place:u value", gives: .nothing, "Ends the app as a crash."),
      c("exit", "code", gives: .nothing, "Ends the app."),
      c("abort", "", gives: .nothing, "Ends the app as a crash."),
      c("abort", "code", gives: .nothing, "The same, as the reference's run-time has it."),
      c("abortStackOverflow", "size", gives: .nothing, "The same."),
      c("nullFunc_X", "code", gives: .nothing, "The same."),
      c("__cxa_allocate_exception", "size:u", gives: .address, "As mem_alloc."),
      c("__cxa_begin_catch", "exception:u", gives: .nothing, "Nothing is ever caught."),
      c("__cxa_throw", "exception:u kind:u destructor:u", gives: .nothing, "Ends the app as a crash."),
    ]
  }
}
