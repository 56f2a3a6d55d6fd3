import { type ImageSize, imageSize } from "./image-size.ts";
import { pngTransparency } from "./image-transparency.ts";
import { limits, logoSizes } from "./limits.ts";
import type { ManifestRule } from "./manifest-rules.ts";

const field = "logo";
const source = "logo";

/** The rules for the catalog's logo. The rule about sharp corners needs a person: a picture does not say what it shows. */
export function logoRules(logo: Uint8Array | null): ManifestRule[] {
  if (!logo) {
    const otherwise = "names a file that is not in public/";
    return [{ field, rule: "logo-file", must: false, otherwise, source }];
  }
  const size = imageSize(logo);
  if (!size) {
    const otherwise = "is not a PNG, GIF or JPEG picture";
    return [{ field, rule: "logo-format", must: false, otherwise, source }];
  }
  return [...fileRules(logo, size), ...(size.format === "PNG" ? transparencyRules(logo) : [])];
}

function fileRules(logo: Uint8Array, { width, height, format }: ImageSize): ManifestRule[] {
  const pixels = `${width} × ${height}`;
  const sizes = logoSizes.map(([wide, high]) => `${wide} × ${high}`).join(", ");
  const uploadable = logoSizes.some(([wide, high]) => wide === width && high === height);
  return [
    {
      field,
      rule: "logo-bytes",
      must: logo.byteLength <= limits.logoBytes,
      otherwise: `has ${logo.byteLength} bytes, and at most ${limits.logoBytes} are allowed`,
      source,
    },
    {
      field,
      rule: "logo-size",
      must: uploadable,
      otherwise: `is ${pixels} pixels, and only ${sizes} can be uploaded`,
      source,
    },
    {
      field,
      rule: "logo-square",
      should: !uploadable || (width === 200 && height === 200),
      otherwise: `is ${pixels} pixels; 200 × 200 is preferred`,
      source,
    },
    {
      field,
      rule: "logo-png",
      should: format === "PNG",
      otherwise: `is ${format}; a PNG with a transparent background is preferred`,
      source,
    },
  ];
}

/** The logo needs a transparent background, unless its colour is a part of the brand. */
function transparencyRules(logo: Uint8Array): ManifestRule[] {
  const defect = backgroundDefect(logo);
  const otherwise = `${defect}; Okta wants a transparent background, or a colour that is a part of the brand`;
  return [{ field, rule: "logo-transparent", should: defect === null, otherwise, source }];
}

/** The defect of a PNG's background, as the rest of a sentence about the logo; null if it is transparent. */
function backgroundDefect(logo: Uint8Array): string | null {
  const found = pngTransparency(logo);
  if (!found) return "cannot be decoded, so its background is unknown";
  if (!found.channel) return "has no alpha channel";
  if (found.clear === 0) return "has an alpha channel, but no transparent pixel";
  // A tile with round corners is transparent at its corners only.
  const percent = Math.round(found.clearEdge * 100);
  return found.clearEdge > 0.5 ? null : `has a coloured background: ${percent} % of its edge is transparent`;
}
