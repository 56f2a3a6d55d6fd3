/** Format and size from a picture's header. The file's name proves nothing. */
export interface ImageSize {
  format: "PNG" | "GIF" | "JPEG";
  /** In pixels. */
  width: number;
  height: number;
}

/** Reads a picture's header. Returns null if it is not PNG, GIF or JPEG. */
export function imageSize(bytes: Uint8Array): ImageSize | null {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return png(view) ?? gif(view) ?? jpeg(view);
  } catch (error) {
    if (error instanceof RangeError) return null; // the header is truncated
    throw error;
  }
}

/** PNG §5.2, §11.2.2: signature, then the IHDR chunk. */
function png(view: Buffer): ImageSize | null {
  if (view.toString("latin1", 0, 8) !== "\x89PNG\r\n\x1a\n" || view.toString("latin1", 12, 16) !== "IHDR")
    return null;
  return { format: "PNG", width: view.readUInt32BE(16), height: view.readUInt32BE(20) };
}

/** GIF89a §17 and §18: the logical screen follows the signature. */
function gif(view: Buffer): ImageSize | null {
  if (!/^GIF8[79]a$/.test(view.toString("latin1", 0, 6))) return null;
  return { format: "GIF", width: view.readUInt16LE(6), height: view.readUInt16LE(8) };
}

/** JPEG (ITU T.81 §B.1): skips segments until the frame header, SOF0 to SOF15 except DHT, JPG and DAC. */
function jpeg(view: Buffer): ImageSize | null {
  if (view.readUInt16BE(0) !== 0xffd8) return null;
  for (let at = 2; at < view.length; ) {
    if (view.readUInt8(at) !== 0xff) return null;
    const marker = view.readUInt8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame)
      return { format: "JPEG", height: view.readUInt16BE(at + 5), width: view.readUInt16BE(at + 7) };
    at += 2 + view.readUInt16BE(at + 2);
  }
  return null;
}
