import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { OpenDemo } from "./demo.ts";

const widths = { d: 1280, m: 390 } as const;
const schemes = ["light", "dark"] as const;

/** Writes each page as {name}-{d|m}-{light|dark}.png: for a desktop of 1280 pixels and a phone of 390. Returns how many. */
export async function takeShots(demo: OpenDemo, folder: string): Promise<number> {
  mkdirSync(folder, { recursive: true });
  let taken = 0;
  for (const viewer of new Set(demo.pages.map(({ as }) => as))) {
    const context = await demo.as(viewer, { viewport: { width: widths.d, height: 800 } });
    const page = await context.newPage();
    for (const { name, url } of demo.pages.filter(({ as }) => as === viewer)) {
      await page.goto(url, { waitUntil: "load" });
      for (const [size, width] of Object.entries(widths)) {
        await page.setViewportSize({ width, height: width === widths.m ? 844 : 800 });
        for (const colorScheme of schemes) {
          await page.emulateMedia({ colorScheme });
          const path = join(folder, `${name}-${size}-${colorScheme}.png`);
          await page.screenshot({ path, fullPage: true, animations: "disabled" });
          taken++;
        }
      }
    }
    await context.close();
  }
  return taken;
}
