import { deflateSync } from "node:zlib";

interface PngOptions {
  width?: number;
  height?: number;
  /** Bits per sample; only for colour types other than the default. */
  depth?: number;
  /** PNG §11.2.2; 6 is RGB with alpha. */
  colour?: number;
  /** The lines after the filter's number, or one line for all. Interlaced pictures give `data` instead. */
  line?: (y: number) => number[];
  /** The number of the filter of each line. */
  filter?: number;
  /** The whole image data, with filters. */
  data?: Uint8Array;
  interlaced?: boolean;
  transparent?: number[];
}

/** A PNG without checksums, which no reader here looks at. */
export function png(options: PngOptions = {}): Buffer {
  const { width = 200, height = 200, depth = 8, colour = 6, filter = 0, interlaced = false } = options;
  const line = options.line ?? (() => new Array<number>(width * 4).fill(0));
  const data =
    options.data ??
    Buffer.concat(Array.from({ length: height }, (_, y) => Buffer.from([filter, ...line(y)])));
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colour, 0, 0, interlaced ? 1 : 0], 8);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    ...(options.transparent ? [chunk("tRNS", Buffer.from(options.transparent))] : []),
    chunk("IDAT", deflateSync(data)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  return Buffer.concat([length, Buffer.from(type, "latin1"), data, Buffer.alloc(4)]);
}
