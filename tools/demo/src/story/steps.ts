import { arriving } from "./arriving.ts";
import { changing } from "./changing.ts";
import { leaving } from "./leaving.ts";
import type { StoryContext, StoryStep } from "./story.ts";

/** The story of one customer. */
export function storySteps(context: StoryContext): StoryStep[] {
  return [...arriving(context), ...changing(context), ...leaving(context)];
}
