import { inflateSync } from "node:zlib";

/** The transparency of a PNG. */
export interface Transparency {
  /** Whether the file has an alpha channel, or a transparent colour (tRNS). */
  channel: boolean;
  /** The share of fully transparent pixels, 0 to 1. */
  clear: number;
  /** The share of fully transparent pixels along the four edges, 0 to 1. */
  clearEdge: number;
}

interface Header {
  width: number;
  height: number;
  /** Bits per sample. */
  depth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey with alpha, 6 RGB with alpha (PNG §11.2.2). */
  colour: number;
  interlaced: boolean;
}

/** A part of the picture that is stored as a picture of its own: the first pixel, and the steps to the next ones. */
interface Pass {
  left: number;
  top: number;
  stepX: number;
  stepY: number;
}

/** Samples per pixel, by colour type. */
const samplesOf: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

const whole: readonly Pass[] = [{ left: 0, top: 0, stepX: 1, stepY: 1 }];

/** The seven passes of an interlaced PNG (PNG §8.2). */
const adam7: readonly Pass[] = [
  { left: 0, top: 0, stepX: 8, stepY: 8 },
  { left: 4, top: 0, stepX: 8, stepY: 8 },
  { left: 0, top: 4, stepX: 4, stepY: 8 },
  { left: 2, top: 0, stepX: 4, stepY: 4 },
  { left: 0, top: 2, stepX: 2, stepY: 4 },
  { left: 1, top: 0, stepX: 2, stepY: 2 },
  { left: 0, top: 1, stepX: 1, stepY: 2 },
];

/** Larger pictures are not decoded: no logo has so many pixels. */
const longestSide = 4096;

/**
 * Reads the transparency of a PNG (W3C PNG, third edition) from its pixels, because an alpha channel in the header proves
 * nothing. Returns null for another format, and for a damaged or very large PNG.
 */
export function pngTransparency(bytes: Uint8Array): Transparency | null {
  try {
    return readTransparency(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    if (error instanceof RangeError || (error instanceof Error && "code" in error)) return null; // truncated
    throw error;
  }
}

function readTransparency(file: Buffer): Transparency | null {
  if (file.toString("latin1", 0, 8) !== "\x89PNG\r\n\x1a\n") return null;
  const chunks = chunksOf(file);
  const header = headerOf(chunks.get("IHDR")?.[0]);
  if (!header) return null;
  const transparent = chunks.get("tRNS")?.[0];
  if (header.colour < 4 && !transparent) return { channel: false, clear: 0, clearEdge: 0 };
  const parts = (header.interlaced ? adam7 : whole).map((pass) => partOf(header, pass));
  const size = parts.reduce((sum, part) => sum + bytesOf(part), 0);
  const data = inflateSync(Buffer.concat(chunks.get("IDAT") ?? []), { maxOutputLength: size });
  if (data.length !== size) return null;
  const counts = new Counts(header, clearTest(header, transparent));
  let at = 0;
  for (const part of parts) {
    counts.add(part, unfiltered(data.subarray(at), part));
    at += bytesOf(part);
  }
  return counts.result();
}

/** The chunks of a PNG up to IEND, by type (PNG §5.3): length, type, data, checksum. */
function chunksOf(file: Buffer): Map<string, Buffer[]> {
  const chunks = new Map<string, Buffer[]>();
  for (let at = 8; at + 12 <= file.length && !chunks.has("IEND"); ) {
    const length = file.readUInt32BE(at);
    const type = file.toString("latin1", at + 4, at + 8);
    const alike = chunks.get(type) ?? [];
    alike.push(file.subarray(at + 8, at + 8 + length));
    chunks.set(type, alike);
    at += 12 + length;
  }
  return chunks;
}

function headerOf(data: Buffer | undefined): Header | null {
  if (!data) return null;
  const header = {
    width: data.readUInt32BE(0),
    height: data.readUInt32BE(4),
    depth: data.readUInt8(8),
    colour: data.readUInt8(9),
    interlaced: data.readUInt8(12) === 1,
  };
  const longest = Math.max(header.width, header.height);
  return longest > 0 && longest <= longestSide && header.colour in samplesOf ? header : null;
}

/** A pass, with its size in pixels. Small pictures have passes without pixels. */
interface Part extends Pass {
  width: number;
  height: number;
  depth: number;
  /** Samples per pixel. */
  samples: number;
}

function partOf({ width, height, depth, colour }: Header, pass: Pass): Part {
  return {
    ...pass,
    width: Math.ceil(Math.max(0, width - pass.left) / pass.stepX),
    height: Math.ceil(Math.max(0, height - pass.top) / pass.stepY),
    depth,
    samples: samplesOf[colour] ?? 1,
  };
}

const lineBytes = ({ width, depth, samples }: Part) => Math.ceil((width * depth * samples) / 8);
/** Each line begins with the number of its filter. */
const bytesOf = (part: Part) => (part.width === 0 ? 0 : (lineBytes(part) + 1) * part.height);

/** Undoes the filter of each line (PNG §9). Returns the lines without the numbers of their filters. */
function unfiltered(data: Buffer, part: Part): Buffer {
  const length = lineBytes(part);
  const step = Math.max(1, (part.depth * part.samples) / 8);
  const lines = Buffer.alloc(length * part.height);
  for (let y = 0; y < part.height; y++) {
    const start = y * length;
    const source = y * (length + 1);
    const filter = data[source] ?? 0;
    for (let x = 0; x < length; x++) {
      const at = start + x;
      const left = x < step ? 0 : (lines[at - step] ?? 0);
      const above = y === 0 ? 0 : (lines[at - length] ?? 0);
      const corner = x < step || y === 0 ? 0 : (lines[at - length - step] ?? 0);
      lines[at] = (data[source + 1 + x] ?? 0) + predicted(filter, left, above, corner);
    }
  }
  return lines;
}

/** The value that a filter adds (PNG §9.2): none, left, above, their mean, or Paeth's choice. */
function predicted(filter: number, left: number, above: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return above;
  if (filter === 3) return Math.floor((left + above) / 2);
  if (filter !== 4) return 0;
  const estimate = left + above - corner;
  const distance = (value: number) => Math.abs(estimate - value);
  if (distance(left) <= distance(above) && distance(left) <= distance(corner)) return left;
  return distance(above) <= distance(corner) ? above : corner;
}

/** Says whether a pixel is fully transparent. `sample` reads one of its samples. */
type ClearTest = (sample: (index: number) => number) => boolean;

/** The test for a kind of PNG: by its alpha channel, or by its tRNS chunk (PNG §11.3.1.1). */
function clearTest({ colour }: Header, transparent: Buffer | undefined): ClearTest {
  const samples = samplesOf[colour] ?? 1;
  if (colour >= 4) return (sample) => sample(samples - 1) === 0;
  if (colour === 3) return (sample) => transparent?.[sample(0)] === 0;
  const wanted = Array.from({ length: samples }, (_, index) => transparent?.readUInt16BE(index * 2));
  return (sample) => wanted.every((value, index) => sample(index) === value);
}

/** Counts transparent pixels. */
class Counts {
  readonly #header: Header;
  readonly #isClear: ClearTest;
  readonly #counts = { all: 0, clear: 0, edge: 0, clearEdge: 0 };

  constructor(header: Header, isClear: ClearTest) {
    this.#header = header;
    this.#isClear = isClear;
  }

  add(part: Part, lines: Buffer): void {
    let x = 0;
    let y = 0;
    const sample = (index: number) => sampleAt(part, lines, y * lineBytes(part), x * part.samples + index);
    for (y = 0; y < part.height; y++)
      for (x = 0; x < part.width; x++)
        this.#count(part.left + x * part.stepX, part.top + y * part.stepY, this.#isClear(sample));
  }

  result(): Transparency {
    const { all, clear, edge, clearEdge } = this.#counts;
    return { channel: true, clear: clear / all, clearEdge: clearEdge / edge };
  }

  #count(x: number, y: number, clear: boolean): void {
    const { width, height } = this.#header;
    const onEdge = x === 0 || y === 0 || x === width - 1 || y === height - 1;
    this.#counts.all++;
    if (clear) this.#counts.clear++;
    if (onEdge) this.#counts.edge++;
    if (onEdge && clear) this.#counts.clearEdge++;
  }
}

/** A sample of a line. Samples of fewer than 8 bits share a byte, the first in its high bits (PNG §7.2). */
function sampleAt({ depth }: Part, lines: Buffer, line: number, index: number): number {
  if (depth === 8) return lines[line + index] ?? 0;
  if (depth === 16) return lines.readUInt16BE(line + index * 2);
  const bit = index * depth;
  return (lines.readUInt8(line + Math.floor(bit / 8)) >> (8 - depth - (bit % 8))) & (2 ** depth - 1);
}
