import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type AttributeEntry, attributes } from "../../config/attributes.ts";
import type { Integration } from "../../config/integration.ts";
import { capabilityProblems } from "./manifest-capabilities.ts";
import { catalogProblems } from "./manifest-catalog.ts";
import type { Problem } from "./manifest-rules.ts";

/** The bytes of the logo in public/; null when there is no such file. */
export function readLogo(file: string): Uint8Array | null {
  try {
    return readFileSync(fileURLToPath(new URL(`../../public/${file}`, import.meta.url)));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

/**
 * Everything that keeps the manifest from being submitted, and what Okta's reviewers would remark on. The submission
 * package is built only when there is no error among them.
 */
export function manifestProblems(
  manifest: Integration,
  logo: Uint8Array | null = readLogo(manifest.logo),
  table: readonly AttributeEntry[] = attributes,
): Problem[] {
  return [...catalogProblems(manifest, logo), ...capabilityProblems(manifest, table)];
}
