import { arriving } from "./arriving.ts";
import { changing } from "./changing.ts";
import { leaving } from "./leaving.ts";
import type { StoryContext, StoryStep } from "./story.ts";

/** All steps of one customer's story. */
export function storySteps(context: StoryContext): StoryStep[] {
  return [...arriving(context), ...changing(context), ...leaving(context)];
}
