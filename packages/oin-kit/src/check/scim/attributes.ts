import { shown } from "../web.ts";
import { isSuccess, type ScimCheck } from "./answers.ts";
import type { Discovery } from "./discovery.ts";
import { at, listAt, lostPaths, objectAt, textAt } from "./json.ts";
import { pathOf, testName } from "./ledger.ts";
import { putPerson } from "./lifecycle.ts";
import { judgeListed } from "./lists.ts";
import { createPerson, oktaBody, type TestPerson } from "./people.ts";
import { sampleProfile } from "./samples.ts";

type Profile = Record<string, unknown>;

/**
 * Sends every attribute of a profile by POST, PUT and PATCH, and reads it back. These are the attributes that /Schemas
 * publishes, and those of the manifest's product. Returns the person who has them all, or `other` if none could be created.
 */
export async function judgeAttributes(
  check: ScimCheck,
  { core, extensions }: Discovery,
  other: TestPerson,
): Promise<TestPerson> {
  const { scim, report, declared } = check;
  const source = { core, extensions, declared: declared?.attributes ?? [], managerId: other.id };
  const [first, second] = [sampleProfile(source, 0), sampleProfile(source, 1)];
  const hasOptional = Object.keys(first).length > 0;
  if (!hasOptional) withoutOptional(check, core !== undefined);

  const name = testName();
  const { name: parts, ...rest } = first;
  const plain = oktaBody(name);
  const body = { ...plain, ...withSchemas(plain, rest), name: { ...plain.name, ...objectAt(parts) } };
  const created = await createPerson(check, name, body);
  if (hasOptional) {
    const read = created && (await scim.get(pathOf("Users", created.id))).json;
    const lost = lostPaths(first, read);
    report.judge("scim-create-attributes", created !== null && lost.length === 0, lossOf("POST", lost));
  }
  const person = created ?? other;
  await judgePut(check, person, hasOptional ? second : {});
  await judgeListed(check, person);
  if (declared && !declared.capability.users.patch) {
    for (const rule of ["scim-patch-profile", "scim-patch-attributes"] as const)
      report.notCheckable(rule, "the manifest does not declare Support PATCH for User");
  } else await judgePatch(check, person, first);
  if (hasOptional) await judgeClearing(check, person, first);
  return person;
}

/** Without optional attributes there is nothing to lose. Without /Schemas the check does not know them. */
function withoutOptional({ report }: ScimCheck, isPublished: boolean): void {
  const rules = ["scim-create-attributes", "scim-put-attributes", "scim-patch-attributes"] as const;
  for (const rule of [...rules, "scim-put-clears"] as const) {
    if (isPublished) report.judge(rule, true, "only base attributes are published");
    else report.notCheckable(rule, "no schema and no manifest says which attributes there are");
  }
}

/** Puts the person back with other values, and with names that need UTF-8. */
async function judgePut(check: ScimCheck, person: TestPerson, sample: Profile): Promise<void> {
  const { scim, report } = check;
  const path = pathOf("Users", person.id);
  const before = objectAt((await scim.get(path)).json);
  const { name: parts, ...rest } = sample;
  const names = { givenName: "Zoë", familyName: "Łukasz-Müller 李" };
  const name = { ...objectAt(before, "name"), ...objectAt(parts), ...names };
  const answer = await putPerson(check, path, {
    ...before,
    ...withSchemas(before, merged(before, rest)),
    name,
  });
  const after = (await scim.get(path)).json;
  const lost = lostPaths(sample, after);
  if (Object.keys(sample).length > 0)
    report.judge(
      "scim-put-attributes",
      isSuccess(answer) && lost.length === 0,
      `${shown(answer)}: ${lossOf("PUT", lost)}`,
    );
  const got = objectAt(after, "name");
  const same = got.givenName === names.givenName && got.familyName === names.familyName;
  report.judge(
    "scim-unicode",
    same,
    `${shown(answer)}: sent ${names.givenName} ${names.familyName}, got ${got.givenName} ${got.familyName}`,
  );
  const sent = before.externalId;
  if (sent !== undefined)
    report.judge(
      "scim-external-id",
      at(after, "externalId") === sent,
      `after PUT: ${at(after, "externalId")}`,
    );
}

/** Extensions are merged, because the server may have added to them. */
function merged(before: Profile, sample: Profile): Profile {
  const entries = Object.entries(sample).map(([key, value]) =>
    key.startsWith("urn:") ? [key, { ...objectAt(before, key), ...objectAt(value) }] : [key, value],
  );
  return Object.fromEntries(entries);
}

/** Names the extensions that the attributes belong to (RFC 7643 §3). */
function withSchemas(resource: Profile, attributes: Profile): Profile {
  const used = Object.keys(attributes).filter((key) => key.startsWith("urn:"));
  return { ...attributes, schemas: [...new Set([...listAt(resource, "schemas"), ...used])] };
}

/** A profile push of an app with "Support PATCH for User": one replace without a path. */
async function judgePatch(check: ScimCheck, person: TestPerson, sample: Profile): Promise<void> {
  const { scim, report } = check;
  const path = pathOf("Users", person.id);
  const name = { givenName: "Patched", familyName: person.familyName };
  const emails = [{ primary: true, value: person.userName, type: "work" }];
  const profile = { userName: person.userName, name, emails, displayName: `Patched ${person.familyName}` };
  const answer = await scim.patch(path, { op: "replace", value: profile });
  const lost = lostPaths({ userName: person.userName, name, active: true }, (await scim.get(path)).json);
  report.judge(
    "scim-patch-profile",
    isSuccess(answer) && lost.length === 0,
    `${shown(answer)}: ${lossOf("PATCH", lost)}`,
  );

  // A replace of a complex attribute merges its parts (RFC 7644 §3.5.2.3): Okta sends only what has changed.
  const part = await scim.patch(path, { op: "replace", value: { name: { givenName: "Merged" } } });
  const split = lostPaths({ name: { ...name, givenName: "Merged" } }, (await scim.get(path)).json);
  report.judge(
    "scim-patch-profile",
    isSuccess(part) && split.length === 0,
    `${shown(part)}: ${lossOf("PATCH", split)}`,
  );

  if (Object.keys(sample).length > 0) {
    const all = await scim.patch(path, { op: "replace", value: sample });
    const gone = lostPaths(sample, (await scim.get(path)).json);
    report.judge(
      "scim-patch-attributes",
      isSuccess(all) && gone.length === 0,
      `${shown(all)}: ${lossOf("PATCH", gone)}`,
    );
  }
  const paths = await scim.patch(
    path,
    { op: "replace", path: "name.givenName", value: "Pathed" },
    { op: "replace", path: 'emails[type eq "work"].value', value: person.userName },
  );
  const given = textAt((await scim.get(path)).json, "name", "givenName");
  report.judge(
    "scim-patch-path",
    isSuccess(paths) && given === "Pathed",
    `${shown(paths)}: the first name is ${given}`,
  );
}

/** Empties one plain attribute, as Okta does when its own is empty. */
async function judgeClearing(check: ScimCheck, person: TestPerson, sample: Profile): Promise<void> {
  const { scim, report } = check;
  const cleared = ["title", "nickName"].find((one) => typeof sample[one] === "string");
  const path = pathOf("Users", person.id);
  const before = objectAt((await scim.get(path)).json);
  if (cleared === undefined || textAt(before, cleared) === null) {
    report.notCheckable("scim-put-clears", "the person has no plain attribute to empty");
    return;
  }
  const answer = await putPerson(check, path, { ...before, [cleared]: "" });
  const left = textAt((await scim.get(path)).json, cleared);
  const seen = `${shown(answer)} with ${cleared}: ""${left === null ? "" : `, and it is still ${left}`}`;
  report.judge("scim-put-clears", left === null, seen);
}

function lossOf(method: string, lost: readonly string[]): string {
  return lost.length === 0
    ? "everything is there"
    : `after ${method}, absent or different: ${lost.join(", ")}`;
}
