import type { Mutant } from "./mutations.ts";

/** A change that no test can see, because the application behaves the same. */
interface Equivalent extends Pick<Mutant, "path" | "inside" | "code" | "change"> {
  reason: string;
}

/** They are not tried. An entry that no place in the code fits any more has to go. */
export const equivalents: readonly Equivalent[] = [
  {
    path: "src/directory/find-people.ts",
    inside: "findPeople",
    change: "never",
    code: "few",
    reason: "It is another way to the same people, which only costs less (docs/reference/benchmark.md).",
  },
  ...["src/universal-logout/subject.ts", "src/universal-logout/routes.ts"].map((path) => ({
    path,
    inside: "issuersOf",
    change: "never" as const,
    code: "!settings",
    reason: "Only active connections are looked for, and a connection is activated with its settings alone.",
  })),
];

export function isSame(mutant: Mutant, known: Equivalent): boolean {
  return (
    mutant.path === known.path &&
    mutant.inside === known.inside &&
    mutant.code === known.code &&
    mutant.change === known.change
  );
}
