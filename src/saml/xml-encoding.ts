import { InvalidError } from "../errors.ts";

/** Encodings by the first bytes of a document: a byte order mark, or a "<" in 16 bits (XML 1.0 Appendix F.1). */
const firstBytes: readonly (readonly [bytes: readonly number[], encoding: string])[] = [
  [[0xef, 0xbb, 0xbf], "utf-8"],
  [[0xff, 0xfe], "utf-16le"],
  [[0xfe, 0xff], "utf-16be"],
  [[0x3c, 0x00], "utf-16le"],
  [[0x00, 0x3c], "utf-16be"],
];

/**
 * Decodes an XML document by its first bytes, else by the encoding that its declaration names, else as UTF-8 (XML 1.0
 * §4.3.3). Throws InvalidError for an encoding that is not known.
 */
export function decodeXml(document: Uint8Array): string {
  const known = firstBytes.find(([bytes]) => bytes.every((byte, index) => document[index] === byte));
  return decoderFor(known?.[1] ?? declaredEncoding(document)).decode(document);
}

function decoderFor(encoding: string): TextDecoder {
  try {
    return new TextDecoder(encoding);
  } catch (error) {
    throw new InvalidError(`The metadata is in the encoding ${encoding}, which cannot be read.`, {
      cause: error,
    });
  }
}

function declaredEncoding(document: Uint8Array): string {
  const start = Buffer.from(document.subarray(0, 200)).toString("latin1");
  const name = /^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z][\w.-]*)["']/.exec(start)?.[1] ?? "utf-8";
  // The declaration could be read as 8 bits, so this is wrong. Some .NET programs name the encoding of their strings.
  return /^(utf-?16|ucs-?2)/i.test(name) ? "utf-8" : name;
}
