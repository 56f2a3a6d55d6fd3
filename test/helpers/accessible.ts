import axe from "axe-core";
import type { Page } from "playwright-core";

/** The widths of a phone and a desktop. */
export const widths = [390, 1280] as const;

/** The rules that axe checks in light mode, and in dark mode, which only changes colours. */
const questions = {
  light: { resultTypes: ["violations"] },
  dark: { resultTypes: ["violations"], runOnly: ["color-contrast"] },
} as const;

/** Returns the accessibility problems of the page in light and dark mode: serious findings of axe, and overflow. */
export async function obstaclesOn(page: Page, name: string): Promise<string[]> {
  // Through the debugger, which the content security policy does not restrict.
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
