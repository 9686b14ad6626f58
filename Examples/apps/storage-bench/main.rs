//! Writes, reads back, lists and deletes files, and prints how many of each the host does in a second. The settings `files` (8)
//! and `bytes` (4096) say how many and how large. What is written is compared with what is read.
#![no_std]
#![no_main]

use aether_app::{constants, log_line, settings, storage, text, time, Error, Line, Result};
use core::fmt::Write;

const CHUNK: usize = 1024;

#[no_mangle]
pub extern "C" fn main() -> i32 {
    match run() {
        Ok(()) => 0,
        Err(error) => {
            log_line!("storage-bench: ends with error {}", error.0);
            error.0
        }
    }
}

fn run() -> Result<()> {
    let files = setting(text!("files"), 8)?.clamp(1, 64);
    let bytes = setting(text!("bytes"), 4096)?.clamp(1, 1 << 20) as usize;
    let mut waits = 0;
    timed("writes", files, bytes, &mut waits, write)?;
    timed("reads", files, bytes, &mut waits, read)?;
    timed("lists", files, 0, &mut waits, |_, _, waits| {
        let mut names = [0u8; CHUNK];
        patient(waits, || storage::list(text!("/"), &mut names)).map(|_| ())
    })?;
    timed("deletes", files, 0, &mut waits, |number, _, waits| {
        let path = path(number);
        patient(waits, || storage::delete(path.text())).map(|_| ())
    })?;
    log_line!("storage-bench: waited {} times for the rate of its class", waits);
    Ok(())
}

/// Runs a step for every file and prints its rate.
fn timed(
    name: &str,
    files: i32,
    bytes: usize,
    waits: &mut u32,
    mut step: impl FnMut(i32, usize, &mut u32) -> Result<()>,
) -> Result<()> {
    let begin = time::get_time_ms();
    for number in 0..files {
        step(number, bytes, waits)?;
    }
    let took = (time::get_time_ms() - begin).max(1);
    let rate = files as i64 * 1000 / took;
    log_line!("storage-bench: {} {} in {} ms, {} a second, {} bytes each", files, name, took, rate, bytes);
    Ok(())
}

fn write(number: i32, bytes: usize, waits: &mut u32) -> Result<()> {
    let path = path(number);
    let file = patient(waits, || storage::open(path.text(), constants::STORAGE_WRITE))?;
    let mut offset = 0;
    let mut result = Ok(());
    while offset < bytes && result.is_ok() {
        let chunk = pattern(number, offset);
        let count = CHUNK.min(bytes - offset);
        result = patient(waits, || storage::write(file, &chunk[..count])).map(|written| offset += written as usize);
    }
    storage::close(file);
    result
}

fn read(number: i32, bytes: usize, waits: &mut u32) -> Result<()> {
    let path = path(number);
    let file = patient(waits, || storage::open(path.text(), constants::STORAGE_READ))?;
    let mut offset = 0;
    let mut result = Ok(());
    while result.is_ok() {
        let mut chunk = [0u8; CHUNK];
        match patient(waits, || storage::read(file, &mut chunk)) {
            Ok(0) => break,
            Ok(count) => {
                let same = (0..count as usize).all(|index| chunk[index] == byte(number, offset + index));
                offset += count as usize;
                if !same {
                    result = Err(Error::EIO);
                }
            }
            Err(error) => result = Err(error),
        }
    }
    storage::close(file);
    if result.is_ok() && offset != bytes {
        result = Err(Error::EIO);
    }
    result
}

/// Tries again while the host has no calls left for the class.
fn patient(waits: &mut u32, mut call: impl FnMut() -> Result<i32>) -> Result<i32> {
    loop {
        match call() {
            Err(Error::EAGAIN) => {
                *waits += 1;
                time::sleep_ms(20)?;
            }
            result => return result,
        }
    }
}

fn byte(number: i32, offset: usize) -> u8 {
    (offset as u32).wrapping_mul(31).wrapping_add(number as u32 * 7) as u8
}

fn pattern(number: i32, offset: usize) -> [u8; CHUNK] {
    let mut bytes = [0u8; CHUNK];
    for (index, place) in bytes.iter_mut().enumerate() {
        *place = byte(number, offset + index);
    }
    bytes
}

fn path(number: i32) -> Line<16> {
    let mut path = Line::new();
    let _ = write!(path, "bench-{}", number);
    path
}

fn setting(key: aether_app::Text, otherwise: i32) -> Result<i32> {
    let mut bytes = [0u8; 16];
    match settings::get(key, &mut bytes) {
        Ok(_) => Ok(bytes
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .fold(0i32, |sum, byte| sum.wrapping_mul(10).wrapping_add((byte - b'0') as i32))),
        Err(Error::ENOENT) => Ok(otherwise),
        Err(error) => Err(error),
    }
}
