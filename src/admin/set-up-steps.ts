import type { Connection } from "../model.ts";

/** The steps of a set-up, one page each. */
const steps: readonly { name: SetUpStep; title: string; isDone(connection: Connection): boolean }[] = [
  {
    name: "choices",
    title: "Make two choices",
    isDone: ({ isProvisioned, isCatalogApp }) => isProvisioned !== null && isCatalogApp !== null,
  },
  { name: "app", title: "Add the app in Okta", isDone: ({ settings }) => settings !== null },
  { name: "values", title: "Enter the values from Okta", isDone: ({ settings }) => settings !== null },
  { name: "test", title: "Test the sign-in", isDone: ({ testedAt }) => testedAt !== null },
  { name: "switch-on", title: "Switch it on", isDone: ({ status }) => status === "active" },
];

export type SetUpStep = "choices" | "app" | "values" | "test" | "switch-on";

/** The tabs of a connection that was switched on once. */
const tabs = ["overview", "settings", "test", "instructions"] as const;

/** A step as the list of steps shows it. */
export interface ListedStep {
  number: number;
  name: SetUpStep;
  title: string;
  isDone: boolean;
}

/** All steps. Before there is a connection, none is done. */
export function listSteps(connection: Connection | null): ListedStep[] {
  return steps.map(({ name, title, isDone }, index) => ({
    number: index + 1,
    name,
    title,
    isDone: connection !== null && isDone(connection),
  }));
}

/** The step that a query asks for, or else the first that is not done. */
export function stepAskedFor(connection: Connection, wanted: unknown): ListedStep {
  const all = listSteps(connection);
  const found = all.find(({ number }) => String(number) === wanted) ?? all.find(({ isDone }) => !isDone);
  return found ?? (all.at(-1) as ListedStep);
}

/** The tab that a query asks for, or else the first. */
export function tabAskedFor(wanted: unknown): (typeof tabs)[number] {
  return tabs.find((tab) => tab === wanted) ?? "overview";
}

/** The page of a step: of a draft its own, of another connection the tab with the same forms. */
export function pageOfStep(base: string, { status }: Pick<Connection, "status">, step: SetUpStep): string {
  if (status === "draft") return `${base}?step=${steps.findIndex(({ name }) => name === step) + 1}`;
  return `${base}?tab=${step === "values" ? "settings" : "test"}`;
}
