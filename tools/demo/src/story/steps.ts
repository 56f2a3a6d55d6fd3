import { arriving } from "./arriving.ts";
import { changing } from "./changing.ts";
import { leaving } from "./leaving.ts";
import type { Stage, Step } from "./stage.ts";

/** The story of one customer. */
export function stepsOf(stage: Stage): Step[] {
  return [...arriving(stage), ...changing(stage), ...leaving(stage)];
}
