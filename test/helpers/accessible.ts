import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";

/** The small build: each page receives and parses it anew. */
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * The widths of a phone and a desktop, at which axe looks at each page.
 * @public
 */
export const widths = [390, 1280] as const;

/** From the smallest phone (WCAG 2.2, 1.4.10) to a desktop. At none of them does a page scroll sideways. */
const fittingWidths = [320, 390, 768, 1024, 1280];

/** The rules that axe checks in light mode, and in dark mode, which only changes colours. */
const questions = {
  light: { resultTypes: ["violations"], preload: false },
  dark: { resultTypes: ["violations"], preload: false, runOnly: ["color-contrast"] },
} as const;

/** Returns the accessibility problems of the page in light and dark mode: serious findings of axe, and overflow. */
export async function obstaclesOn(page: Page, name: string): Promise<string[]> {
  await loadAxe(page);
  return [...(await findingsOn(page, name)), ...(await overflowOn(page, name))];
}

/**
 * Returns the accessibility problems of the page on a phone and a desktop, and its overflow at each width. It resizes the
 * page, because loading it anew for each width would take most of the time.
 */
export async function obstaclesAtEachWidth(page: Page, name: string): Promise<string[]> {
  await loadAxe(page);
  const obstacles: string[] = [];
  for (const width of fittingWidths) {
    await page.setViewportSize({ width, height: 800 });
    obstacles.push(...(await overflowOn(page, `${name}, ${width}`)));
    if ((widths as readonly number[]).includes(width))
      obstacles.push(...(await findingsOn(page, `${name}, ${width}`)));
  }
  return obstacles;
}

/** Through the debugger, which the content security policy does not restrict. */
async function loadAxe(page: Page): Promise<void> {
  await page.evaluate(axeSource);
}

async function overflowOn(page: Page, name: string): Promise<string[]> {
  const tooWide = await page.evaluate<number>(
    "document.documentElement.scrollWidth - document.documentElement.clientWidth",
  );
  return tooWide > 0 ? [`${name}: ${tooWide} pixels too wide`] : [];
}

async function findingsOn(page: Page, name: string): Promise<string[]> {
  const findings: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    const violations = await page.evaluate(async (question) => {
      const { axe: checker } = globalThis as unknown as {
        axe: { run(options: object): Promise<AxeResults> };
      };
      return (await checker.run(question)).violations;
    }, questions[colorScheme]);
    const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    for (const { id, nodes } of serious)
      findings.push(`${name}, ${colorScheme}: ${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  }
  return findings;
}
