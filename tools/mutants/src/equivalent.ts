import type { Mutant } from "./mutations.ts";

/** A mutant that no test can kill, because the application behaves the same. */
interface Equivalent extends Pick<Mutant, "path" | "inside" | "code" | "change"> {
  reason: string;
}

/** These mutants are not tried. Delete an entry that no longer matches any code. */
export const equivalents: readonly Equivalent[] = [
  {
    path: "src/directory/find-people.ts",
    inside: "findPeople",
    change: "never",
    code: "few",
    reason: "It finds the same people in a cheaper way (docs/reference/benchmark.md).",
  },
  {
    path: "src/sso/subjects.ts",
    inside: "subjectIssuers",
    change: "never",
    code: "!settings",
    reason: "It looks at active connections only, and a connection needs settings to become active.",
  },
];

export function isSame(mutant: Mutant, known: Equivalent): boolean {
  return (
    mutant.path === known.path &&
    mutant.inside === known.inside &&
    mutant.code === known.code &&
    mutant.change === known.change
  );
}
