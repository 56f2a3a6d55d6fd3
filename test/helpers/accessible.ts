import axe from "axe-core";
import type { Page } from "playwright-core";

/** How wide pages are looked at: on a phone and on a desk. */
export const widths = [390, 1280] as const;

/** What axe is asked by day, and by night, which changes colours and nothing else. Only what it finds is reported. */
const questions = {
  light: { resultTypes: ["violations"] },
  dark: { resultTypes: ["violations"], runOnly: ["color-contrast"] },
} as const;

/** What keeps people out of the page that is shown, by day or by night: what axe finds serious, and what does not fit. */
export async function obstaclesOn(page: Page, name: string): Promise<string[]> {
  // By the page's own script engine, which the content security policy does not bind.
  await page.evaluate(axe.source);
  const obstacles: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    const violations = await page.evaluate(async (question) => {
      const { axe: checker } = globalThis as unknown as {
        axe: { run(options: object): Promise<axe.AxeResults> };
      };
      return (await checker.run(question)).violations;
    }, questions[colorScheme]);
    const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    for (const { id, nodes } of serious)
      obstacles.push(`${name}, ${colorScheme}: ${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  }
  const tooWide = await page.evaluate<number>(
    "document.documentElement.scrollWidth - document.documentElement.clientWidth",
  );
  if (tooWide > 0) obstacles.push(`${name}: ${tooWide} pixels too wide`);
  return obstacles;
}
