import { type Request, Router } from "express";
import { enableConnection, freezeGuests, unfreezeGuests } from "../directory/connections.ts";
import { approvableOwners, approveOwner } from "../directory/owners.ts";
import { latestSignInTest } from "../directory/sign-in-tests.ts";
import { NotFoundError } from "../errors.ts";
import type { Connection } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { connectionFacts, type Fact } from "../trust/connection-facts.ts";
import { formFields } from "../web/forms.ts";
import { requireOwner } from "../web/guards.ts";
import { refusals } from "../web/refusals.ts";
import { flash } from "../web/sessions.ts";
import type { AdminDeps } from "./routes.ts";
import { checkShown, shownValue } from "./shown.ts";
import type { Visit } from "./visit.ts";

/**
 * How an owner switches a connection on: guests are stopped first, then every setting is shown, and what is switched on is
 * exactly that. The owners whom the connection could sign in are named, and become so only where a box is ticked.
 */
export function reviewRoutes(
  deps: AdminDeps,
  pattern: string,
  visitOf: (req: Request) => Promise<Visit>,
): Router {
  const router = Router();

  router.post(`${pattern}/review`, requireOwner, async (req, res) => {
    const { store, connection, base } = await visitOf(req);
    await freezeGuests(store, connection.id);
    res.redirect(303, `${base}/review`);
  });

  router.get(`${pattern}/review`, requireOwner, async (req, res) => {
    const { store, connection, base } = await visitOf(req);
    if (connection.status === "active" || !connection.settings) return res.redirect(303, base);
    const owners = await approvableOwners(store, connection);
    const facts = await reviewFacts(store, connection);
    const test = await latestSignInTest(store, deps.sealer, connection.id);
    res.set("Cache-Control", "no-store").render("admin/review", {
      title: `Review ${connection.key}`,
      connection,
      base,
      owners,
      facts,
      shown: shownValue(facts),
      test,
      isTestOld: test !== null && (connection.edited?.at ?? 0) > test.result.at,
      refusals,
    });
  });

  router.post(`${pattern}/activate`, requireOwner, async (req, res) => {
    const visit = await visitOf(req);
    await visit.store.transaction(async (inside) => {
      const now = await inside.connections.lock(visit.connection.id);
      if (!now) throw new NotFoundError("There is no such connection.");
      const page = now.status === "active" ? visit.base : `${visit.base}/review`;
      checkShown(req, await reviewFacts(inside, now), page);
      await enableConnection(inside, now.id);
      for (const owner of formFields(req, "owners")) {
        await approveOwner(inside, now.id, owner);
        await inside.activity.record({ ...visit.entry("user.sign_in_approved"), targetId: owner });
      }
      await inside.activity.record(visit.entry("connection.activated"));
    });
    await flash(req, "done", "The connection is on: people can sign in with it.");
    res.redirect(303, visit.base);
  });

  router.post(`${pattern}/guests/resume`, requireOwner, async (req, res) => {
    const visit = await visitOf(req);
    await unfreezeGuests(visit.store, visit.connection.id);
    await flash(req, "done", "The guest of the set-up link can change the draft again.");
    res.redirect(303, visit.base);
  });
  return router;
}

/** What the review shows, and what is switched on. Who changed it last is a part of that, and whom it could sign in. */
async function reviewFacts(store: TenantStore, connection: Connection): Promise<Fact[]> {
  const owners = await approvableOwners(store, connection);
  const known = owners.map(({ loginName, sourceKey }) => `${loginName} (${sourceKey ?? "no external ID"})`);
  return [
    ...connectionFacts(connection),
    ["Last changed", editText(connection)],
    ["Owners whom it could sign in", known.join("\n") || "None"],
  ];
}

/** To the millisecond: two changes in the same minute are two. */
function editText({ edited, createdAt }: Connection): string {
  if (!edited) return `Not since it was created, on ${moment(createdAt)}`;
  return `On ${moment(edited.at)}, by ${edited.by}${edited.from === null ? "" : `, from ${edited.from}`}`;
}

function moment(at: number): string {
  return `${new Date(at).toISOString().replace("T", " ").slice(0, -1)} UTC`;
}
