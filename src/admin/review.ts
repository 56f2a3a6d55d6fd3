import { Router } from "express";
import { enableConnection, freezeGuests, unfreezeGuests } from "../directory/connections.ts";
import { approvableOwners, approveOwner } from "../directory/owners.ts";
import { latestSignInTest } from "../directory/sign-in-tests.ts";
import { paths } from "../endpoints.ts";
import { NotFoundError } from "../errors.ts";
import type { Connection } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { connectionFacts, type Fact } from "../trust/connection-facts.ts";
import { answerForm } from "../web/answers.ts";
import { requireOwner } from "../web/guards.ts";
import { refusals } from "../web/refusals.ts";
import { formFields } from "../web/request.ts";
import type { AdminDeps } from "./deps.ts";
import { adminContext } from "./set-up-context.ts";
import { listSteps, pageOfStep, stepAskedFor } from "./set-up-steps.ts";
import { checkShown, shownValue } from "./shown.ts";

const pattern = paths.admin.connection(":connection");

/**
 * How an owner switches a connection on. First guests are stopped, then the page shows every setting, and exactly those
 * settings are switched on. The page also lists the owners whom the connection could sign in; it can do so only for those
 * whom the owner selects.
 */
export function reviewRoutes({ database, sealer }: AdminDeps): Router {
  const router = Router();

  router.post(`${pattern}/review`, requireOwner, async (req, res) => {
    const { store, connection, base } = await adminContext(database, req);
    await freezeGuests(store, connection.id);
    res.redirect(303, `${base}/review`);
  });

  router.get(`${pattern}/review`, requireOwner, async (req, res) => {
    const { store, connection, base } = await adminContext(database, req);
    if (connection.status === "active" || !connection.settings) return res.redirect(303, base);
    const owners = await approvableOwners(store, connection);
    const facts = await reviewFacts(store, connection);
    const test = await latestSignInTest(store, sealer, connection.id);
    res.set("Cache-Control", "no-store").render("admin/review", {
      title: `Review ${connection.key}`,
      connection,
      base,
      owners,
      facts,
      shown: shownValue(facts),
      test,
      // The test is judged again when first sign-ins may create accounts, which sets testedAt.
      isTestOld:
        test !== null && (connection.edited?.at ?? 0) > Math.max(test.result.at, connection.testedAt ?? 0),
      stylesheets: ["set-up.css"],
      testPage: pageOfStep(base, connection, "test"),
      steps: listSteps(connection),
      step: stepAskedFor(connection, "5"),
      refusals,
    });
  });

  router.post(`${pattern}/activate`, requireOwner, async (req, res) => {
    const { store: tenantStore, connection, base, entry } = await adminContext(database, req);
    await tenantStore.transaction(async (store) => {
      const now = await store.connections.lock(connection.id);
      if (!now) throw new NotFoundError("There is no such connection.");
      const page = now.status === "active" ? base : `${base}/review`;
      checkShown(req, await reviewFacts(store, now), page);
      await enableConnection(store, now.id);
      for (const owner of formFields(req, "owners")) {
        await approveOwner(store, now.id, owner);
        await store.activity.record({ ...entry("user.sign_in_approved"), targetId: owner });
      }
      await store.activity.record(entry("connection.activated"));
    });
    const text = "The connection is on: people can sign in with it.";
    await answerForm(req, res, base, { kind: "done", text, at: "next" });
  });

  router.post(`${pattern}/guests/resume`, requireOwner, async (req, res) => {
    const { store, connection, base } = await adminContext(database, req);
    await unfreezeGuests(store, connection.id);
    const text = "The guest of the set-up link can change the draft again.";
    await answerForm(req, res, base, { kind: "done", text, at: "set-up-link" });
  });
  return router;
}

/** The review's facts: every setting, the last change, and the owners whom the connection could sign in. */
async function reviewFacts(store: TenantStore, connection: Connection): Promise<Fact[]> {
  const owners = await approvableOwners(store, connection);
  const known = owners.map(({ loginName, sourceKey }) => `${loginName} (${sourceKey ?? "no external ID"})`);
  return [
    ...connectionFacts(connection),
    ["Last changed", editText(connection)],
    ["Owners whom it could sign in", known.join("\n") || "None"],
  ];
}

/** To the millisecond, so that two changes within a minute differ. */
function editText({ edited, createdAt }: Connection): string {
  if (!edited) return `Not since it was created, on ${timeText(createdAt)}`;
  return `On ${timeText(edited.at)}, by ${edited.by}${edited.from === null ? "" : `, from ${edited.from}`}`;
}

function timeText(at: number): string {
  return `${new Date(at).toISOString().replace("T", " ").slice(0, -1)} UTC`;
}
