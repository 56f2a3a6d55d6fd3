import { type Weight, weigh } from "../../../test/helpers/weigh.ts";
import type { OpenDemo } from "./demo.ts";

export type WeightsByName = Record<string, Weight>;

/** How often each page is opened; the fastest paint counts, because other work on the machine only adds to it. */
const rounds = 3;

/** Weighs every page of a running demo. */
export async function weighDemo(demo: OpenDemo): Promise<WeightsByName> {
  const weights: WeightsByName = {};
  for (const viewer of new Set(demo.pages.map(({ as }) => as))) {
    const context = await demo.as(viewer, { viewport: { width: 1280, height: 800 } });
    for (const { name, url } of demo.pages.filter(({ as }) => as === viewer)) {
      for (let round = 0; round < rounds; round++) {
        const weight = await weigh(context, (page) => page.goto(url, { waitUntil: "load" }));
        const paint = Math.min(weight.paint, weights[name]?.paint ?? Number.POSITIVE_INFINITY);
        weights[name] = { ...weight, paint };
      }
    }
    await context.close();
  }
  return weights;
}
