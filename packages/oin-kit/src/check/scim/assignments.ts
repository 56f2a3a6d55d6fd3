import { shown } from "../web.ts";
import type { ScimCheck } from "./answers.ts";
import { at, listAt } from "./json.ts";
import { pathOf } from "./ledger.ts";
import { putPerson } from "./lifecycle.ts";
import type { TestPerson } from "./people.ts";

/** A role or an entitlement that Okta Identity Governance can assign: the first one that an endpoint lists. */
export interface Assignable {
  /** The person's attribute for it. */
  attribute: "roles" | "entitlements";
  value: Record<string, string>;
}

/**
 * PUT sends roles and entitlements as whole arrays (Okta: "SCIM 2.0 with entitlements"). A present array replaces what the
 * person has; an absent one changes nothing.
 */
export async function judgeAssignment(
  check: ScimCheck,
  person: TestPerson,
  { attribute, value }: Assignable,
): Promise<void> {
  const { scim, report } = check;
  const path = pathOf("Users", person.id);
  const read = async () => {
    const { json } = await scim.get(path);
    const has = listAt(json, attribute).some((one) => at(one, "value") === value.value);
    return { user: typeof json === "object" && json !== null ? json : {}, has };
  };
  const { user } = await read();
  const given = await putPerson(check, path, { ...user, [attribute]: [value] });
  const after = await read();
  const seen = `${shown(given)} with ${attribute}: ${value.value}, then ${after.has ? "it is there" : "it is not there"}`;
  if (!report.judge("scim-entitlement-assigned", after.has, seen)) return;

  const { [attribute]: _left, ...without } = after.user as Record<string, unknown>;
  const silent = await putPerson(check, path, without);
  const kept = (await read()).has;
  report.judge(
    "scim-entitlement-kept",
    kept,
    `${shown(silent)} without ${attribute}${kept ? "" : ": it was taken away"}`,
  );

  const emptied = await putPerson(check, path, { ...after.user, [attribute]: [] });
  const gone = !(await read()).has;
  report.judge(
    "scim-entitlement-withdrawn",
    gone,
    `${shown(emptied)} with ${attribute}: []${gone ? "" : ": it is still there"}`,
  );
}
