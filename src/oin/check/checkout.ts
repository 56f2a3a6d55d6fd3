import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { integration } from "../../../config/integration.ts";
import { recordedInputs } from "../../guide/inputs.ts";
import { fileUrl, publishedValues } from "../../guide/outputs.ts";
import { readLogo } from "../manifest.ts";
import type { GuideFile } from "./guides.ts";
import type { CheckDeps } from "./run.ts";

/**
 * What a deployment is held against: the manifest, the published values and the guides of this checkout. A composition
 * root: it brings the guides and the check together.
 */
export function thisCheckout(): CheckDeps {
  const logo = readLogo(integration.logo);
  return { manifest: integration, logo, published: publishedValues(), guideFiles };
}

/** The pictures and PDFs of the guides, and whether they would be made otherwise today. */
async function guideFiles(): Promise<Map<string, GuideFile>> {
  // It runs the whole application to take its pictures: only whoever asks waits for it.
  const { currentInputs } = await import("../../guide/made.ts");
  const current = await currentInputs();
  const recorded = recordedInputs();
  const paths = Object.keys(recorded).filter((path) => existsSync(fileUrl(path)));
  return new Map(
    paths.map((path) => {
      const bytes = readFileSync(fileUrl(path));
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      return [path.replace("docs/guides/", ""), { sha256, stale: current.get(path) !== recorded[path] }];
    }),
  );
}
