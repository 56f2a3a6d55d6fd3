import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { pngTransparency, type Transparency } from "../src/image-transparency.ts";
import { png } from "./png.ts";

const opaque: Transparency = { channel: true, clear: 0, clearEdge: 0 };
const none: Transparency = { channel: false, clear: 0, clearEdge: 0 };
/** A picture of 4 × 4 pixels whose inner four are opaque. */
const inner = { channel: true, clear: 12 / 16, clearEdge: 1 };
const small = { width: 4, height: 4 };
const isInner = (x: number, y: number) => [1, 2].includes(x) && [1, 2].includes(y);
const line = (y: number, pixel: (visible: boolean) => number[]) =>
  [0, 1, 2, 3].flatMap((x) => pixel(isInner(x, y)));

/** The interlaced form of the picture: the pixels of each pass (PNG §8.2) that has any of 4 × 4 pixels. */
const passes = [
  [[0, 0]],
  [[2, 0]],
  [
    [0, 2],
    [2, 2],
  ],
  [
    [1, 0],
    [3, 0],
  ],
  [
    [1, 2],
    [3, 2],
  ],
] as const;
const odd = [1, 3].map((y) => [0, 1, 2, 3].map((x) => [x, y] as const));
const interlaced = Buffer.from(
  [...passes, ...odd].flatMap((pixels) => [
    0,
    ...pixels.flatMap(([x, y]) => [9, 9, 9, isInner(x, y) ? 255 : 0]),
  ]),
);

const pictures: [title: string, file: Uint8Array, expected: Transparency | null][] = [
  ["RGB without alpha", png({ colour: 2, line: () => new Array(600).fill(9) }), none],
  ["RGBA whose pixels are all opaque", png({ line: () => new Array(800).fill(255) }), opaque],
  ["RGBA whose pixels are all nearly opaque", png({ line: () => new Array(800).fill(254) }), opaque],
  ["RGBA", png({ ...small, line: (y) => line(y, (shown) => [1, 2, 3, shown ? 255 : 0]) }), inner],
  [
    "grey with alpha",
    png({ ...small, colour: 4, line: (y) => line(y, (shown) => [7, shown ? 1 : 0]) }),
    inner,
  ],
  [
    "16 bits per sample",
    png({ ...small, colour: 4, depth: 16, line: (y) => line(y, (shown) => [7, 7, 0, shown ? 1 : 0]) }),
    inner,
  ],
  [
    "a palette of two bits with a transparent entry",
    png({
      ...small,
      colour: 3,
      depth: 2,
      transparent: [255, 255, 0],
      line: (y) => (y === 1 || y === 2 ? [0b10_00_01_10] : [0b10_10_10_10]),
    }),
    inner,
  ],
  [
    "RGB with a transparent colour",
    png({
      ...small,
      colour: 2,
      transparent: [0, 1, 0, 2, 0, 3],
      line: (y) => line(y, (shown) => (shown ? [1, 2, 4] : [1, 2, 3])),
    }),
    inner,
  ],
  [
    "grey with a transparent colour that no pixel has",
    png({ ...small, colour: 0, transparent: [0, 9], line: () => [1, 2, 3, 4] }),
    opaque,
  ],
  ["an interlaced picture", png({ ...small, interlaced: true, data: interlaced }), inner],
  ["a picture that is not a PNG", Buffer.from("GIF89a"), null],
  ["a truncated PNG", png().subarray(0, 60), null],
  ["a PNG with too few lines", png({ ...small, data: Buffer.alloc(17) }), null],
  ["a PNG whose lines are larger than its size", png({ ...small, data: Buffer.alloc(100_000) }), null],
  ["a very large PNG", png({ width: 100_000, height: 100_000, data: Buffer.alloc(8) }), null],
];

describe("the transparency of a PNG", () => {
  for (const [title, file, expected] of pictures)
    it(`is read: ${title}`, () => assert.deepEqual(pngTransparency(file), expected));

  it("is read through each filter of lines", () => {
    // Lines of 0, 200, 100 in every sample, written with each filter by hand.
    const filters: [number, number[][]][] = [
      [
        1,
        [
          [0, 0],
          [200, 0],
          [100, 0],
        ],
      ],
      [
        2,
        [
          [0, 0],
          [200, 200],
          [156, 156],
        ],
      ],
      [
        3,
        [
          [0, 0],
          [200, 100],
          [0, 206],
        ],
      ],
      [
        4,
        [
          [0, 0],
          [200, 0],
          [156, 0],
        ],
      ],
    ];
    for (const [filter, lines] of filters) {
      const file = png({
        width: 2,
        height: 3,
        colour: 4,
        filter,
        line: (y) => (lines[y] ?? []).flatMap((value) => [value, value]),
      });
      assert.deepEqual(
        pngTransparency(file),
        { channel: true, clear: 1 / 3, clearEdge: 1 / 3 },
        `filter ${filter}`,
      );
    }
  });

  it("is in this product's logo for the catalog", () => {
    const found = pngTransparency(readFileSync("public/logo-oin.png"));
    assert.ok(found && found.clear > 0.3 && found.clearEdge > 0.5, JSON.stringify(found));
  });
});
