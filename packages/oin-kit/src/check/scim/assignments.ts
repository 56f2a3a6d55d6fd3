import { shown } from "../web.ts";
import type { ScimCheck } from "./answers.ts";
import { at, listAt, objectAt } from "./json.ts";
import { pathOf, testName } from "./ledger.ts";
import { putPerson } from "./lifecycle.ts";
import { judgeListed } from "./lists.ts";
import { createPerson, oktaBody, type TestPerson } from "./people.ts";

/** A role or an entitlement that Okta Identity Governance can assign: the first one that an endpoint lists. */
export interface Assignable {
  /** The person's attribute for it. */
  attribute: "roles" | "entitlements";
  value: Record<string, string>;
  /** Another one of the same kind; null if there is only one. */
  other: Record<string, string> | null;
}

/**
 * PUT sends roles and entitlements as whole arrays (Okta: "SCIM 2.0 with entitlements"). A present array replaces what the
 * person has; an absent one changes nothing.
 */
export async function judgeAssignment(
  check: ScimCheck,
  person: TestPerson,
  { attribute, value, other }: Assignable,
): Promise<void> {
  const { scim, report } = check;
  const path = pathOf("Users", person.id);
  const read = async () => {
    const { json } = await scim.get(path);
    return { user: objectAt(json), values: listAt(json, attribute).map((one) => at(one, "value")) };
  };
  const { user } = await read();
  const given = await putPerson(check, path, { ...user, [attribute]: [value] });
  const after = await read();
  const has = after.values.includes(value.value);
  const seen = `${shown(given)} with ${attribute}: ${value.value}, then ${has ? "it is there" : "it is not there"}`;
  if (!report.judge("scim-entitlement-assigned", has, seen)) return;
  if (value.type) {
    const held = listAt(after.user, attribute).find((one) => at(one, "value") === value.value);
    const type = at(held, "type");
    report.judge(
      "scim-entitlement-type",
      type === value.type,
      `the person has ${value.value} with type ${type}`,
    );
  }
  await judgeListed(check, person);
  if (other) {
    const swapped = await putPerson(check, path, { ...after.user, [attribute]: [other] });
    const { values } = await read();
    const exact = values.length === 1 && values[0] === other.value;
    const text = `${shown(swapped)} with ${attribute}: ${other.value} instead, then ${values.join(", ") || "none"}`;
    report.judge("scim-entitlement-assigned", exact, text);
    await putPerson(check, path, { ...after.user, [attribute]: [value] });
  }

  const { [attribute]: _left, ...without } = after.user;
  const silent = await putPerson(check, path, without);
  const kept = (await read()).values.includes(value.value);
  const taken = kept ? "" : ": it was taken away";
  report.judge("scim-entitlement-kept", kept, `${shown(silent)} without ${attribute}${taken}`);

  const emptied = await putPerson(check, path, { ...after.user, [attribute]: [] });
  const gone = !(await read()).values.includes(value.value);
  const still = gone ? "" : ": it is still there";
  report.judge("scim-entitlement-withdrawn", gone, `${shown(emptied)} with ${attribute}: []${still}`);

  const patched = await scim.patch(path, { op: "replace", value: { [attribute]: [value] } });
  const back = (await read()).values.includes(value.value);
  report.judge("scim-entitlement-patched", back, `${shown(patched)} with ${attribute}: ${value.value}`);

  const unknown = { ...value, value: "oincheck-unknown" };
  const refused = await scim.send("PUT", path, { ...after.user, [attribute]: [unknown] });
  const listed = (await read()).values.includes(unknown.value);
  const shownThere = listed ? `, and the person has it` : "";
  report.judge("scim-entitlement-unknown", !listed, `${shown(refused)} with ${unknown.value}${shownThere}`);
}

/** Creates a person with every kind of role or entitlement. */
export async function judgeAssignedAtCreation(
  check: ScimCheck,
  assignable: readonly Assignable[],
): Promise<void> {
  const { scim, report } = check;
  const name = testName();
  const given = Object.fromEntries(assignable.map(({ attribute, value }) => [attribute, [value]]));
  const person = await createPerson(check, name, { ...oktaBody(name), ...given });
  const json = person && (await scim.get(pathOf("Users", person.id))).json;
  for (const { attribute, value } of assignable) {
    const has = listAt(json, attribute).some((one) => at(one, "value") === value.value);
    const seen = `POST with ${attribute}: ${value.value}, then ${has ? "it is there" : "it is not there"}`;
    report.judge("scim-entitlement-created", has, seen);
  }
}
