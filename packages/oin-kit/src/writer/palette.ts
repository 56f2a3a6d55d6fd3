import { crc32, deflateSync, inflateSync } from "node:zlib";

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** PNG (ISO/IEC 15948) §11.2.2: the bytes of a pixel, by colour type. Chromium writes these two. */
const channelsOf: Readonly<Record<number, number>> = { 2: 3, 6: 4 };
/** A guide and its pictures stay below 300 kB. With 64 colours a screenshot looks the same; with 32, its shadows do not. */
const mostColours = 64;

/**
 * Rewrites a screenshot as a PNG with a palette, which has a quarter of the size: guides are mailed and printed. The
 * most frequent colours stay as they are, and every other one becomes the nearest of them. Transparency is lost.
 * @param png 8 bits a channel, RGB or RGBA, not interlaced. Throws Error for any other.
 */
export function withPalette(png: Uint8Array): Uint8Array {
  const { width, height, pixels } = decode(Buffer.from(png));
  const counts = new Map<number, number>();
  for (const colour of pixels) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  const palette = [...counts]
    .sort(([one, often], [other, oftener]) => oftener - often || one - other)
    .slice(0, mostColours)
    .map(([colour]) => colour);
  const indexOf = new Map(palette.map((colour, index) => [colour, index]));
  for (const colour of counts.keys()) if (!indexOf.has(colour)) indexOf.set(colour, nearest(colour, palette));
  const rows = Buffer.alloc(height * (width + 1)); // Each row begins with its filter type: 0, none.
  for (const [place, colour] of pixels.entries())
    rows[place + Math.floor(place / width) + 1] = indexOf.get(colour) ?? 0;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3], 8); // 8 bits, colour type 3: palette
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("PLTE", Buffer.from(palette.flatMap(channels))),
    chunk("IDAT", deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** The pixels of a PNG as 0xRRGGBB, row by row. */
function decode(png: Buffer): { width: number; height: number; pixels: Uint32Array } {
  const chunks = chunksOf(png);
  const [, header] = chunks.find(([type]) => type === "IHDR") ?? [];
  const channels = channelsOf[header?.[9] ?? 0];
  if (!header || !channels || header[8] !== 8 || header[12] !== 0)
    throw new Error("the picture is not a PNG as Chromium writes it");
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const data = inflateSync(
    Buffer.concat(chunks.flatMap(([type, bytes]) => (type === "IDAT" ? [bytes] : []))),
  );
  const stride = width * channels;
  const pixels = new Uint32Array(width * height);
  let above: Uint8Array = new Uint8Array(stride);
  for (let y = 0; y < height; y++) {
    const start = y * (stride + 1);
    const row = data.subarray(start + 1, start + 1 + stride);
    unfilter(row, above, data[start] ?? 0, channels);
    for (let x = 0; x < width; x++) {
      const [red = 0, green = 0, blue = 0] = row.subarray(x * channels);
      pixels[y * width + x] = (red << 16) | (green << 8) | blue;
    }
    above = row;
  }
  return { width, height, pixels };
}

function chunksOf(png: Buffer): [type: string, bytes: Buffer][] {
  const found: [string, Buffer][] = [];
  for (let place = signature.length; place < png.length; ) {
    const length = png.readUInt32BE(place);
    const bytes = png.subarray(place + 8, place + 8 + length);
    found.push([png.toString("latin1", place + 4, place + 8), bytes]);
    place += length + 12;
  }
  return found;
}

/** Reverses a row's filter in place (PNG §9.2). @param type 0 none, 1 sub, 2 up, 3 average, 4 Paeth. */
function unfilter(row: Uint8Array, above: Uint8Array, type: number, channels: number): void {
  for (let at = 0; at < row.length; at++) {
    const left = row[at - channels] ?? 0;
    const up = above[at] ?? 0;
    const corner = at < channels ? 0 : (above[at - channels] ?? 0);
    const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][type] ?? 0;
    row[at] = (row[at] ?? 0) + predicted;
  }
}

function paeth(left: number, up: number, corner: number): number {
  const [toLeft, toUp] = [Math.abs(up - corner), Math.abs(left - corner)];
  const toCorner = Math.abs(left + up - 2 * corner);
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

function nearest(colour: number, palette: readonly number[]): number {
  const wanted = channels(colour);
  let [best, least] = [0, Number.POSITIVE_INFINITY];
  for (const [index, candidate] of palette.entries()) {
    const distance = channels(candidate).reduce((sum, one, at) => sum + (one - (wanted[at] ?? 0)) ** 2, 0);
    if (distance < least) [best, least] = [index, distance];
  }
  return best;
}

function channels(colour: number): [red: number, green: number, blue: number] {
  return [colour >> 16, (colour >> 8) & 0xff, colour & 0xff];
}

function chunk(type: string, bytes: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), bytes]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(bytes.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
