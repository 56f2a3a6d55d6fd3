import { arriving } from "./arriving.ts";
import { changing } from "./changing.ts";
import { delegating } from "./delegating.ts";
import { leaving } from "./leaving.ts";
import type { StoryChapter, StoryContext } from "./story.ts";

/** One customer's story. */
export function storyChapters(context: StoryContext): StoryChapter[] {
  const first = context.tenant.people[0].split(" ")[0];
  return [
    { title: "People arrive", steps: arriving(context) },
    { title: "Things change", steps: changing(context) },
    { title: `An agent works for ${first}`, steps: delegating(context) },
    { title: "Access ends", steps: leaving(context) },
  ];
}
