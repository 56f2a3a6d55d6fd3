import type { CheckReport } from "../report.ts";
import type { RuleId } from "../rules/all.ts";
import { shown } from "../web.ts";
import { type CheckScimAnswer, type CheckScimClient, urns } from "./client.ts";
import type { DeclaredScim } from "./declared.ts";
import { at, listAt, numberAt, textAt } from "./json.ts";
import type { Ledger } from "./ledger.ts";

/** The context of every step of the SCIM check. */
export interface ScimCheck {
  scim: CheckScimClient;
  report: CheckReport;
  ledger: Ledger;
  /** The manifest's declaration about this server; null if no manifest is about it. */
  declared: DeclaredScim | null;
  /** Called before a step that takes long. */
  progress: (what: string) => void;
}

export function isSuccess({ status }: CheckScimAnswer): boolean {
  return status >= 200 && status < 300;
}

/** Whether the server does not have the operation. It did nothing, so it need not authenticate or look for the id first. */
export function isUnsupported({ status }: CheckScimAnswer): boolean {
  return status === 405 || status === 501;
}

/** Judges a ListResponse. Returns its resources; null if it is not a list. */
export function readList({ report }: ScimCheck, answer: CheckScimAnswer): unknown[] | null {
  const { status, json } = answer;
  const resources = at(json, "Resources");
  const isList = status === 200 && listAt(json, "schemas").includes(urns.list) && Array.isArray(resources);
  const lacks =
    status !== 200 ? "" : Array.isArray(resources) ? ", without its schema" : ", without Resources";
  if (!report.judge("scim-list", isList, `${shown(answer)}${isList ? "" : lacks}`)) {
    return Array.isArray(resources) ? resources : null;
  }
  const counters = ["totalResults", "startIndex", "itemsPerPage"];
  const wrong = counters.filter((name) => typeof at(json, name) !== "number");
  const seen = wrong.map((name) => `${name} is ${JSON.stringify(at(json, name)) ?? "absent"}`).join(", ");
  report.judge("scim-list-counters", wrong.length === 0, `${shown(answer)}${seen && `: ${seen}`}`);
  const found = listAt(json, "Resources");
  const perPage = numberAt(json, "itemsPerPage");
  if (!Number.isNaN(perPage)) {
    const text = `${shown(answer)}: itemsPerPage ${perPage}, ${found.length} resources`;
    report.judge("scim-items-per-page", perPage === found.length, text);
  }
  return found;
}

/** Judges a refusal: its status by `rule`, its body by the rules for error bodies. */
export function judgeRefusal(
  { report }: ScimCheck,
  rule: RuleId,
  status: number,
  answer: CheckScimAnswer,
): void {
  const refused = report.judge(rule, answer.status === status, shown(answer));
  if (!refused) return;
  const problem = errorProblem(answer);
  report.judge("scim-error-body", problem === null, `${shown(answer)}${problem ? `: ${problem}` : ""}`);
  if (problem === null) judgeErrorStatus(report, answer);
}

/** The first defect of an error body; null if it has none. */
export function errorProblem({ json, headers }: CheckScimAnswer): string | null {
  if (json === undefined) return "the body is not JSON";
  if (!/\bjson\b/i.test(headers.get("content-type") ?? "")) return "the Content-Type is not JSON";
  if (!listAt(json, "schemas").includes(urns.error)) return "schemas lacks the Error schema";
  return textAt(json, "detail") === null ? "there is no detail" : null;
}

export function judgeErrorStatus(report: CheckReport, answer: CheckScimAnswer): void {
  const status = at(answer.json, "status");
  const seen = `${shown(answer)}: status is ${JSON.stringify(status) ?? "absent"}`;
  report.judge("scim-error-status", status === String(answer.status), seen);
}
