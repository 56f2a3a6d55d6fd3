import { type Request, Router } from "express";
import { integration } from "../../config/integration.ts";
import { createConnection, disableConnection, removeConnection } from "../directory/connections.ts";
import { giveNotice } from "../directory/security-notices.ts";
import { judgeAgain, linkTestedIdentity } from "../directory/sign-in-tests.ts";
import { paths } from "../endpoints.ts";
import { ConflictError, InvalidError, NotFoundError } from "../errors.ts";
import type { Database } from "../store/database.ts";
import { systemStore } from "../store/system-store.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { certificateWarning } from "../trust/connection-warnings.ts";
import { answerForm, submittedForm } from "../web/answers.ts";
import { requireOwner, signedIn, storeOf } from "../web/guards.ts";
import { formField } from "../web/request.ts";
import { adminEntry, pathParameter } from "./change.ts";
import { connectionForms, offeredProtocols } from "./connection-forms.ts";
import type { AdminDeps } from "./deps.ts";
import { reviewRoutes } from "./review.ts";
import { setUpRoutes } from "./set-up.ts";
import { readChoices } from "./set-up-choices.ts";
import { adminContext, lockAsShown, mayEdit, type SetUpContext } from "./set-up-context.ts";
import { listSteps, pageOfStep } from "./set-up-steps.ts";

const pattern = paths.admin.connection(":connection");
/** The id of the form that adds a connection. */
const newConnection = "new-connection";
/** How long the inspector records if it is switched on during a set-up. */
const recordingMs = 86_400_000;

/** The list of connections, and the actions on a single one. */
export function connectionRoutes(deps: AdminDeps): Router {
  const router = Router();
  const contextOf = (req: Request) => adminContext(deps.database, req);

  router.get(paths.admin.connections, async (req, res) => {
    const connections = await storeOf(req, deps.database).connections.list();
    const rows = connections.map((connection) => ({ connection, warning: certificateWarning(connection) }));
    res.render("admin/connections", { title: "Connections", rows });
  });
  addCreation(router, deps);
  router.use(setUpRoutes(deps, pattern, contextOf));
  router.use(reviewRoutes(deps));
  addStates(router, contextOf);

  router.post(`${pattern}/tests/:test/link`, async (req, res) => {
    const context = await contextOf(req);
    const answer = (kind: "done" | "problem", text: string) =>
      answerForm(req, res, pageOfStep(context.base, context.connection, "test"), { kind, text, at: "test" });
    try {
      await context.store.transaction(async (store) => {
        const { user } = signedIn(req);
        // If the provider had changed, the subject would belong to another person there.
        const connection = await lockAsShown(req, context, store);
        const tested = { store, sealer: deps.sealer, connection };
        await linkTestedIdentity(tested, pathParameter(req, "test"), user.id);
        await store.activity.record(context.entry("connection.identity_linked"));
        await giveNotice(store, deps.mails, "identity-linked", { user });
      });
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      return await answer("problem", error.message);
    }
    await judgeAgain({ store: context.store, sealer: deps.sealer, connection: context.connection });
    await answer("done", "From now on this identity signs in to your account.");
  });

  router.post(`${pattern}/recording`, async (req, res) => {
    const context = await contextOf(req);
    await context.store.transaction(async (store) => {
      await store.inspector.recordUntil(Date.now() + recordingMs);
      await store.activity.record(adminEntry(req, "inspector.switched_on", null));
    });
    const text = "The inspector is on for a day. It records the messages of your test.";
    const page = pageOfStep(context.base, context.connection, "test");
    await answerForm(req, res, page, { kind: "done", text, at: "recording" });
  });
  return router;
}

function addCreation(router: Router, { database }: AdminDeps): void {
  router.get(paths.admin.newConnection, async (req, res) => {
    const { slug } = signedIn(req).tenant;
    const submitted = submittedForm(res, newConnection);
    const protocols = offeredProtocols(integration);
    const proposed = {
      key: await freeKey(database, storeOf(req, database), slug),
      type: protocols[0],
      app: "catalog",
    };
    res.render("admin/connection-new", {
      title: "Add a connection",
      stylesheets: ["set-up.css"],
      at: newConnection,
      protocols: protocols.map((type) => ({ type, ...connectionForms[type].choice })),
      form: submitted ?? { values: proposed, problems: {}, notes: {} },
      steps: listSteps(null),
      step: listSteps(null)[0],
    });
  });

  router.post(paths.admin.connections, async (req, res) => {
    const { tenant } = signedIn(req);
    const key = formField(req, "key").trim().toLowerCase();
    const offered = offeredProtocols(integration);
    const type = offered.find((one) => one === formField(req, "type")) ?? offered[0] ?? "oidc";
    const { accounts, isCatalogApp } = readChoices(req);
    try {
      const wanted = { key, type, settings: null, secret: null, draft: true };
      const { id } = await createConnection(database, tenant.id, {
        ...wanted,
        justInTime: accounts?.justInTime ?? false,
        choices: { isProvisioned: accounts?.isProvisioned ?? null, isCatalogApp },
      });
      await storeOf(req, database).activity.record(adminEntry(req, "connection.created", id));
      res.redirect(303, paths.admin.connection(id));
    } catch (error) {
      if (!(error instanceof InvalidError || error instanceof ConflictError)) throw error;
      const values = { key, type, accounts: formField(req, "accounts"), app: formField(req, "app") };
      await answerForm(req, res, paths.admin.newConnection, {
        kind: "problem",
        text: "Nothing was created. Correct this first:",
        at: newConnection,
        form: { values, problems: { key: error.message }, notes: {} },
      });
    }
  });
}

/** A connection ID to propose, made of the tenant's slug, which the tenant can still use for each protocol. */
async function freeKey(database: Database, store: TenantStore, slug: string): Promise<string> {
  const own = (await store.connections.list()).map(({ key }) => key);
  const proposals = Array.from({ length: own.length + 5 }, (_, index) =>
    index === 0 ? slug : `${slug.slice(0, 56)}-${index + 1}`,
  );
  const others = await systemStore(database).connectionKeys.ofOthers(proposals, store.tenantId);
  return proposals.find((key) => !own.includes(key) && !others.includes(key)) ?? "";
}

/** Switches a connection off, or deletes it. review.ts switches it on. */
function addStates(router: Router, contextOf: (req: Request) => Promise<SetUpContext>): void {
  async function change(
    req: Request,
    action: string,
    work: (context: SetUpContext) => Promise<unknown>,
  ): Promise<SetUpContext> {
    const context = await contextOf(req);
    await context.store.transaction(async (store) => {
      await work({ ...context, store, connection: await lockAsShown(req, context, store) });
      await store.activity.record(context.entry(action));
    });
    return context;
  }

  router.post(`${pattern}/disable`, requireOwner, async (req, res) => {
    const { base } = await change(req, "connection.disabled", ({ store, connection }) =>
      disableConnection(store, connection.id),
    );
    const text = "The connection is off. Everyone who signed in through it is signed out.";
    await answerForm(req, res, base, { kind: "done", text, at: null });
  });

  router.post(`${pattern}/delete`, async (req, res) => {
    const checkMayDelete = (context: SetUpContext) => {
      if (!mayEdit(context))
        throw new NotFoundError("Only an owner deletes a connection that was switched on.");
    };
    checkMayDelete(await contextOf(req));
    await change(req, "connection.deleted", async (context) => {
      checkMayDelete(context);
      if (context.connection.status === "active")
        throw new ConflictError("stale", "Switch the connection off first.");
      await removeConnection(context.store, context.connection.id);
    });
    const text = "The connection is deleted.";
    await answerForm(req, res, paths.admin.connections, { kind: "done", text, at: null });
  });
}
