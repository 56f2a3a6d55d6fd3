import { createHash } from "node:crypto";
import { type Request, Router } from "express";
import { z } from "zod";
import { blockPerson, signOutPerson, unblockPerson } from "../directory/administration.ts";
import { paths } from "../endpoints.ts";
import { ConflictError, InvalidError, NotFoundError } from "../errors.ts";
import type { Role } from "../model.ts";
import type { Database } from "../store/database.ts";
import type { PersonSummary } from "../store/tenant/people.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { answerForm } from "../web/answers.ts";
import { storeOf } from "../web/guards.ts";
import { formField, formFields } from "../web/request.ts";
import { adminEntry, administrator } from "./change.ts";
import type { AdminDeps } from "./deps.ts";
import { pageSize } from "./paging.ts";
import { personName } from "./person-facts.ts";

/** Something that an administrator does to several people. */
interface BulkAct {
  label: string;
  /** The effect on each of them, for the confirmation. */
  effect: string;
  /** The activity entry of each. */
  action: string;
  apply: typeof blockPerson;
  /** After the names of those to whom it was done. */
  done: string;
  isDangerous?: boolean;
  /** Safe even if the person has changed since the page was rendered. */
  ignoresChanges?: boolean;
}

const acts = {
  block: {
    label: "Block",
    effect:
      "They are signed out everywhere, and kept out until an administrator unblocks them. Okta cannot undo this.",
    action: "user.blocked",
    apply: blockPerson,
    done: "blocked and signed out everywhere",
    isDangerous: true,
  },
  unblock: {
    label: "Unblock",
    effect: "They can sign in again, if Okta allows it.",
    action: "user.unblocked",
    apply: unblockPerson,
    done: "no longer blocked",
  },
  "sign-out": {
    label: "Sign out everywhere",
    effect: "Their sessions end in all browsers. They can sign in again at once.",
    action: "user.signed_out",
    apply: signOutPerson,
    done: "signed out everywhere",
    ignoresChanges: true,
  },
} as const satisfies Record<string, BulkAct>;
type ActName = keyof typeof acts;

/** The buttons below a list of people. */
export const bulkActs = Object.entries(acts).map(([name, { label }]) => ({ name, label }));

const actName = z.enum(Object.keys(acts) as [ActName, ...ActName[]]);
const selection = z.object({
  act: actName,
  person: z.preprocess((ids) => [ids ?? []].flat(), z.array(z.uuid()).max(pageSize)),
});

/** Acts on several people: the list sends the selection, a page asks for confirmation, and each person is changed alone. */
export function bulkRoutes({ database }: AdminDeps): Router {
  const router = Router();
  const path = paths.admin.selectedPeople;

  router.get(path, async (req, res) => {
    const chosen = selection.safeParse(req.query);
    const name = chosen.data?.act ?? "sign-out";
    const store = storeOf(req, database);
    const people = await load(store, chosen.data?.person ?? []);
    const act: BulkAct = acts[name];
    res.render("admin/selected-people", {
      title: act.label,
      stylesheets: ["lists.css"],
      name,
      act,
      people,
      personName,
    });
  });

  router.post(path, async (req, res) => {
    const chosen = selection.safeParse({ act: formField(req, "act"), person: formFields(req, "person") });
    if (!chosen.success) throw new InvalidError("Select people in the list first.");
    const shown = new Map(formFields(req, "shown").map((text) => text.split(":") as [string, string]));
    const act: BulkAct = acts[chosen.data.act];
    const done: string[] = [];
    const failed: string[] = [];
    for (const id of new Set(chosen.data.person)) {
      const result = await applyTo(req, database, act, { id, digest: shown.get(id) });
      if (result.problem === null) done.push(result.name);
      else failed.push(`${result.name}: ${result.problem}`);
    }
    const text = [
      ...(done.length > 0 ? [`${listed(done)} ${done.length === 1 ? "is" : "are"} ${act.done}.`] : []),
      ...(failed.length > 0 ? [`Not changed: ${failed.join(" ")}`] : []),
    ].join(" ");
    await answerForm(req, res, paths.admin.people, {
      kind: failed.length > 0 ? "problem" : "done",
      text: text || "No one was selected.",
      at: null,
    });
  });

  return router;
}

/** A person on the confirmation page, with a digest of what it shows. */
interface SelectedPerson extends PersonSummary {
  role: Role;
  digest: string;
}

/** The existing people of a selection, by name. Takes two statements for any number of them. */
async function load(store: TenantStore, ids: readonly string[]): Promise<SelectedPerson[]> {
  const people = await store.people.ofIds(ids);
  const roles = await store.roles.effectiveOf(people.map(({ id }) => id));
  return people
    .map((person) => {
      const role = roles.get(person.id) ?? "member";
      return { ...person, role, digest: digestOf(person, role) };
    })
    .sort((one, other) => personName(one).localeCompare(personName(other), "en"));
}

function digestOf(
  { loginName, displayName, email, active, blocked, origin }: PersonSummary,
  role: Role,
): string {
  const facts = JSON.stringify([loginName, displayName, email, active, blocked, origin, role]);
  return createHash("sha256").update(facts).digest("base64url").slice(0, 16);
}

/** Changes one person in a transaction of their own, with an entry in the activity. `problem` says why nothing changed. */
async function applyTo(
  req: Request,
  database: Database,
  act: BulkAct,
  { id, digest }: { id: string; digest: string | undefined },
): Promise<{ name: string; problem: string | null }> {
  let name = "A person";
  try {
    await database.transaction(async (joined) => {
      const store = storeOf(req, joined);
      await store.users.lock(id);
      const [person] = await load(store, [id]);
      if (!person) throw new NotFoundError("There is no such person.");
      name = personName(person);
      if (!act.ignoresChanges && person.digest !== digest)
        throw new ConflictError("stale", "They have changed since the page was loaded.");
      await act.apply(store, administrator(req), id);
      await store.activity.record(adminEntry(req, act.action, id));
    });
    return { name, problem: null };
  } catch (error) {
    if (!(error instanceof ConflictError || error instanceof InvalidError || error instanceof NotFoundError))
      throw error;
    return { name, problem: error.message };
  }
}

const fewNames = 3;

/** "Ada and Bob", "Ada, Bob, Eve and 4 others". */
function listed(names: readonly string[]): string {
  const rest = names.length - fewNames;
  const shown = rest > 1 ? [...names.slice(0, fewNames), `${rest} others`] : names;
  return new Intl.ListFormat("en-GB").format(shown);
}
