import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** The folder of the guides' pictures. It is next to the guides, so that a guide can be handed on with its pictures. */
export const imageFolder = fileURLToPath(new URL("../../docs/guides/images/", import.meta.url));

/** The SHA-256 of each picture of Okta's screens that `npm run guide` drew, by the name of its file. */
export const drawingsFile = pathToFileURL(join(imageFolder, "drawings.json"));

/** The caption of a drawing adds this. The readiness check looks for it (rule guide-drawings). */
export const drawingMark = "drawing of Okta's screen";

export function recordedDrawings(): Record<string, string> {
  return existsSync(drawingsFile)
    ? (JSON.parse(readFileSync(drawingsFile, "utf8")) as Record<string, string>)
    : {};
}

/**
 * Whether the picture is still the one that was drawn. The ISV replaces a drawing by a screenshot of the same name; then
 * the bytes differ.
 * @param name of the file, such as `okta-catalog.png`.
 */
export function isDrawing(name: string, recorded = recordedDrawings()): boolean {
  const file = join(imageFolder, name);
  return (
    recorded[name] !== undefined && existsSync(file) && hashOfPicture(readFileSync(file)) === recorded[name]
  );
}

export function hashOfPicture(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
