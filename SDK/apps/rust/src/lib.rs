//! Functions that an Aether host offers to apps, without addresses and with errors as `Result`, and small pieces for guests.
#![no_std]

use core::cell::UnsafeCell;
use core::fmt;

mod functions;
pub use functions::*;

/// Why the host did not carry out a call: a number of errno, above 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error(pub i32);

pub type Result<T> = core::result::Result<T, Error>;

/// A result of the host: itself, or the error that it stands for.
fn check(result: i32) -> Result<i32> {
    if result < 0 {
        Err(Error(result.wrapping_neg()))
    } else {
        Ok(result)
    }
}

/// A text with a zero byte at its end, as the host takes it.
#[derive(Clone, Copy)]
pub struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    /// `None` when there is no zero byte in it.
    pub const fn new(bytes: &'a [u8]) -> Option<Text<'a>> {
        let mut index = 0;
        while index < bytes.len() {
            if bytes[index] == 0 {
                return Some(Text(bytes));
            }
            index += 1;
        }
        None
    }

    fn as_ptr(&self) -> *const u8 {
        self.0.as_ptr()
    }
}

/// A literal as `Text`.
#[macro_export]
macro_rules! text {
    ($literal:expr) => {
        match $crate::Text::new(concat!($literal, "\0").as_bytes()) {
            Some(text) => text,
            None => unreachable!(),
        }
    };
}

/// Text that grows up to SIZE - 1 bytes; what is too much is cut off.
pub struct Line<const SIZE: usize> {
    bytes: [u8; SIZE],
    used: usize,
}

impl<const SIZE: usize> Line<SIZE> {
    pub const fn new() -> Self {
        Line { bytes: [0; SIZE], used: 0 }
    }

    pub fn text(&self) -> Text {
        Text(&self.bytes)
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.used]
    }
}

impl<const SIZE: usize> Default for Line<SIZE> {
    fn default() -> Self {
        Line::new()
    }
}

impl<const SIZE: usize> fmt::Write for Line<SIZE> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            // The last byte stays zero.
            if self.used + 1 < SIZE && byte != 0 {
                self.bytes[self.used] = byte;
                self.used += 1;
            }
        }
        Ok(())
    }
}

/// Writes a formatted line of up to 255 bytes into the app's log.
#[macro_export]
macro_rules! log_line {
    ($($arguments:tt)*) => {{
        let mut line = $crate::Line::<256>::new();
        let _ = core::fmt::Write::write_fmt(&mut line, format_args!($($arguments)*));
        let _ = $crate::host::printf_native(line.text());
    }};
}

/// A colour of 16 bits (5 red, 6 green, 5 blue) from three of 8.
pub const fn rgb(red: u8, green: u8, blue: u8) -> i32 {
    ((red as i32) & 0xF8) << 8 | ((green as i32) & 0xFC) << 3 | (blue as i32) >> 3
}

/// Memory that guest and host share for messages: what `network::tx_bind` and `network::rx_bind` take.
///
/// 16 bytes (written, read, capacity, flags, of 32 bits each), then messages of a length (16 bits) and as many bytes. The host
/// sets the capacity when the ring is bound. SIZE is a power of two and 16 more, so that the counters may pass 2^32.
#[repr(C, align(16))]
pub struct Ring<const SIZE: usize>(UnsafeCell<[u8; SIZE]>);

// Guests have one thread; the host keeps to its half of the counters.
unsafe impl<const SIZE: usize> Sync for Ring<SIZE> {}

impl<const SIZE: usize> Ring<SIZE> {
    pub const fn new() -> Self {
        Ring(UnsafeCell::new([0; SIZE]))
    }

    fn address(&self) -> *mut u8 {
        self.0.get() as *mut u8
    }

    fn field(&self, index: usize) -> *mut u32 {
        self.address().cast::<u32>().wrapping_add(index)
    }

    fn load(&self, index: usize) -> u32 {
        if SIZE < 16 {
            return 0;
        }
        unsafe { self.field(index).read_volatile() }
    }

    fn capacity(&self) -> u32 {
        self.load(2).min(SIZE.saturating_sub(16) as u32)
    }

    fn byte(&self, index: u32) -> *mut u8 {
        self.address().wrapping_add(16 + (index % self.capacity()) as usize)
    }

    /// Puts a message in; `false` when there is no room.
    pub fn write(&self, message: &[u8]) -> bool {
        let written = self.load(0);
        let used = written.wrapping_sub(self.load(1));
        let capacity = self.capacity();
        if message.len() > 0xFFFF || used > capacity || message.len() as u32 + 2 > capacity - used {
            return false;
        }
        let length = (message.len() as u16).to_le_bytes();
        for (index, byte) in length.iter().chain(message).enumerate() {
            unsafe { self.byte(written.wrapping_add(index as u32)).write_volatile(*byte) };
        }
        let after = written.wrapping_add(2 + message.len() as u32);
        unsafe { self.field(0).write_volatile(after) };
        true
    }

    /// Takes the next message and gives its length; `None` when none is complete, or when it is longer than `into`.
    pub fn read(&self, into: &mut [u8]) -> Option<usize> {
        let read = self.load(1);
        let used = self.load(0).wrapping_sub(read);
        if used < 2 || used > self.capacity() {
            return None;
        }
        let at = |index: u32| unsafe { self.byte(read.wrapping_add(index)).read_volatile() };
        let count = u32::from(at(0)) | u32::from(at(1)) << 8;
        if used < count + 2 || count as usize > into.len() {
            return None;
        }
        for index in 0..count {
            into[index as usize] = at(2 + index);
        }
        unsafe { self.field(1).write_volatile(read.wrapping_add(2 + count)) };
        Some(count as usize)
    }
}

impl<const SIZE: usize> Default for Ring<SIZE> {
    fn default() -> Self {
        Ring::new()
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    let _ = host::printf_native(text!("panic"));
    core::arch::wasm32::unreachable()
}
