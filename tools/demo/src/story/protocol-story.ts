import type { StoryContext, StoryStep } from "./story.ts";

interface Explained {
  look: string;
  files: string[];
}

/** The words of the story about one sign-in protocol. */
export interface ProtocolStory {
  /** A sign-in from a tile. */
  tile: Explained;
  /** The file that begins a sign-in here. */
  beginning: string;
  /** The file that ends it. */
  arrival: string;
  /** A person whose login name changed. */
  renamed: string;
  /** A tile in the browser of another person's session. */
  otherSession: Explained;
  /** Steps that only this protocol has. */
  steps(context: StoryContext): StoryStep[];
}
