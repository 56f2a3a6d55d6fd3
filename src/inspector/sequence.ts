import { brand } from "../../config/brand.ts";
import { type Lane, lanes, type RecordedCheck } from "../recording.ts";

/** A sequence diagram: what views/partials/sequence.ejs draws. */
export interface Sequence {
  /** From left to right, two to four. */
  lanes: readonly SequenceLane[];
  steps: readonly SequenceStep[];
  /** The index of the selected step; null if none is. */
  selected: number | null;
}

/** A participant. */
export interface SequenceLane {
  id: Lane;
  name: string;
}

/** An arrow from one lane to another. */
export interface SequenceStep {
  from: Lane;
  to: Lane;
  /** The method and the name of the message: "POST Token request". */
  label: string;
  /** The status of the answer; null if there is none to show. */
  code: number | null;
  /** How long the answer took; null if that does not matter. */
  ms: number | null;
  verdict: RecordedCheck["verdict"];
  /** Whether a browser carries the message. Its arrow is dashed. */
  carried: boolean;
  /** The page of the message; null if there is none. */
  href: string | null;
}

const laneNames: Record<Lane, string> = {
  agent: "Agent",
  program: "Program",
  browser: "Browser",
  product: brand.productName,
  okta: "Okta",
};

/** The lanes that a diagram of these steps needs. A browser that carries a message is one of them. */
export function lanesOf(steps: readonly Pick<SequenceStep, "from" | "to" | "carried">[]): SequenceLane[] {
  const used = new Set(steps.flatMap(({ from, to, carried }) => [from, to, carried ? "browser" : to]));
  return lanes.filter((id) => used.has(id)).map((id) => ({ id, name: laneNames[id] }));
}
