// The engine as a WebAssembly module, for browsers and Node.js.

/** Compiles the module. `source` is a `Response`, or its bytes. */
export async function compile(source) {
  return source instanceof Uint8Array || source instanceof ArrayBuffer
    ? WebAssembly.compile(source)
    : WebAssembly.compileStreaming(source);
}

/** A function that answers requests: bytes in, bytes out. Each instance has memory of its own. */
export async function instantiate(module) {
  const { exports } = await WebAssembly.instantiate(module, {});
  return (request) => {
    const start = exports.aether_request(request.length) >>> 0;
    new Uint8Array(exports.memory.buffer, start, request.length).set(request);
    const length = exports.aether_run() >>> 0;
    return new Uint8Array(exports.memory.buffer, exports.aether_answer() >>> 0, length).slice();
  };
}

/** Splits records (length as u32, little endian; bytes). */
export function split(records) {
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  const parts = [];
  for (let at = 0; at < records.length; ) {
    const length = view.getUint32(at, true);
    parts.push(records.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return parts;
}

/** Joins parts to records. */
export function join(parts) {
  const records = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 0));
  const view = new DataView(records.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length, true);
    records.set(part, at + 4);
    at += 4 + part.length;
  }
  return records;
}
