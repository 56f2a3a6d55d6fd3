import axe from "axe-core";
import type { Page } from "playwright-core";

/** How pages are looked at: on a phone and on a desk, by day and by night. */
export const looks = [
  { width: 390, colorScheme: "light" },
  { width: 390, colorScheme: "dark" },
  { width: 1280, colorScheme: "light" },
  { width: 1280, colorScheme: "dark" },
] as const;

/** What keeps people out of the page that is shown: what axe finds serious, and what does not fit. */
export async function obstaclesOn(page: Page, name: string): Promise<string[]> {
  // By the page's own script engine, which the content security policy does not bind.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => {
    const { axe: checker } = globalThis as unknown as { axe: { run(): Promise<axe.AxeResults> } };
    return checker.run();
  });
  const tooWide = await page.evaluate<number>(
    "document.documentElement.scrollWidth - document.documentElement.clientWidth",
  );
  return [
    ...violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${name}: ${id}: ${nodes.map(({ html }) => html).join(" ")}`),
    ...(tooWide > 0 ? [`${name}: ${tooWide} pixels too wide`] : []),
  ];
}
