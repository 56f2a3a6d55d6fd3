import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { withPalette } from "../src/writer/palette.ts";

/** Writes a chunk of a PNG. Its checksum is not read. */
function chunk(type: string, bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, Buffer.from(type, "latin1"), bytes, Buffer.alloc(4)]);
}

/** A PNG of 8 bits a channel. @param rows each begins with its filter type. */
function png(width: number, colourType: number, rows: readonly (readonly number[])[]): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(rows.length, 4);
  header.set([8, colourType], 8);
  const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.from(rows.flat()))),
  ]);
}

/** The pixels of a picture as 0xRRGGBB, read by writing it again: the palette stays as it is. */
function paletteOf(picture: Uint8Array): string[] {
  const bytes = Buffer.from(picture);
  const start = bytes.indexOf("PLTE");
  const length = bytes.readUInt32BE(start - 4);
  return bytes.toString("hex", start + 4, start + 4 + length).match(/.{6}/g) ?? [];
}

describe("a picture with a palette", () => {
  it("has the colours of the screenshot, the most frequent first, with each filter of a row", () => {
    const red = [255, 0, 0];
    const rows = [
      [0, ...red, ...red], // none
      [1, ...red, 0, 0, 0], // sub: the same as on the left
      [2, 0, 0, 0, 0, 0, 0], // up: the same as above
      [3, 128, 0, 0, 0, 0, 0], // average: 128 + 255 / 2, and (255 + 255) / 2
      [4, 0, 0, 0, 0, 0, 1], // Paeth: the same as above, and one more of blue
    ];
    assert.deepEqual(paletteOf(withPalette(png(2, 2, rows))), ["ff0000", "ff0001"]);
  });

  it("leaves the transparency of the screenshot out", () => {
    assert.deepEqual(paletteOf(withPalette(png(1, 6, [[0, 1, 2, 3, 128]]))), ["010203"]);
  });

  it("has at most 64 colours", () => {
    const shades = Array.from({ length: 300 }, (_, index) => [index % 256, index >> 8, 0]).flat();
    assert.equal(paletteOf(withPalette(png(300, 2, [[0, ...shades]]))).length, 64);
  });

  it("refuses what is not a screenshot", () => {
    assert.throws(() => withPalette(png(1, 3, [[0, 0]])), /not a PNG as Chromium writes it/);
  });
});
