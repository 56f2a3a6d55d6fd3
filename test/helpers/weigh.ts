import type { BrowserContext, CDPSession, Page } from "playwright-core";

/** The cost of a first visit to a page. Bytes are counted on the wire, heads included. */
export interface Weight {
  requests: number;
  /** Without pictures. */
  bytes: number;
  scriptBytes: number;
  pictureBytes: number;
  /** Cumulative layout shift until the page is quiet. */
  shift: number;
  /** First contentful paint, in milliseconds. */
  paint: number;
}

/**
 * Observes shifts and paints from the first byte on. The page has other types than Node. Its clock stands still at the
 * response: a minute that ends before a slow browser runs the script of "3 min ago" would make the text longer.
 */
const observe = `
  const { responseStart } = performance.getEntriesByType("navigation")[0];
  Date.now = () => performance.timeOrigin + responseStart;
  globalThis.seenShift = 0;
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) globalThis.seenShift += value;
  }).observe({ type: "layout-shift", buffered: true });
`;

/** Waits for the first paint, which may be after the load, and for what a script moves then. */
const quiet = `(async () => {
  const painted = new Promise((done) => new PerformanceObserver(done).observe({ type: "paint", buffered: true }));
  const tooLate = new Promise((done) => setTimeout(done, 5000));
  await Promise.race([painted, tooLate]);
  await document.fonts.ready;
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return {
    shift: globalThis.seenShift,
    paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
  };
})()`;

/** Opens a page without using the cache, and weighs it. If `open` navigates several times, the last page counts. */
export async function weigh(
  context: BrowserContext,
  open: (page: Page) => Promise<unknown>,
): Promise<Weight> {
  const page = await context.newPage();
  await page.addInitScript(observe);
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.setCacheDisabled", { cacheDisabled: true });
  const counted = countBytes(session);
  await open(page);
  const { shift, paint } = await page.evaluate<{ shift: number; paint: number }>(quiet);
  await page.close();
  return { ...counted(), shift, paint: Math.round(paint) };
}

/** Counts from now on, anew with each document, and without what the former one still loads. The returned function sums up. */
function countBytes(session: CDPSession): () => Omit<Weight, "shift" | "paint"> {
  const requests = new Map<string, { type: string; size: number }>();
  session.on("Network.requestWillBeSent", ({ requestId, type = "" }) => {
    if (type === "Document") requests.clear();
    requests.set(requestId, { type, size: 0 });
  });
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const request = requests.get(requestId);
    if (request) request.size = encodedDataLength;
  });
  const sum = (accept: (type: string) => boolean) =>
    [...requests.values()].reduce((total, { type, size }) => total + (accept(type) ? size : 0), 0);
  return () => ({
    requests: requests.size,
    bytes: sum((type) => type !== "Image"),
    scriptBytes: sum((type) => type === "Script"),
    pictureBytes: sum((type) => type === "Image"),
  });
}
