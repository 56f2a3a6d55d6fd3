import { type Request, Router } from "express";
import { paths } from "../endpoints.ts";
import { ConflictError, NotFoundError } from "../errors.ts";
import type { SamlConnection } from "../saml/deps.ts";
import { beginKeyChange, endKeyChange } from "../saml/keys.ts";
import { refreshMetadata } from "../saml/metadata-refresh.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { answerForm } from "../web/answers.ts";
import type { AdminDeps } from "./deps.ts";
import { keyFacts, ourCertificates } from "./saml-keys.ts";
import { adminContext, lockAsShown, mayEdit, type SetUpContext } from "./set-up-context.ts";
import { pageOfStep } from "./set-up-steps.ts";
import { checkShown } from "./shown.ts";

type SamlContext = SetUpContext & { connection: SamlConnection };

const pattern = paths.admin.connection(":connection");

/** Actions of SAML connections: reading the metadata again, and changing our key. */
export function samlActionRoutes(deps: AdminDeps): Router {
  const router = Router();

  router.post(`${pattern}/refresh`, async (req, res) => {
    const context = await samlContext(deps, req);
    const { store, connection } = context;
    // Do not hold the lock while the provider answers: refreshMetadata checks again that the URL is still the same.
    await store.transaction((inside) => lockAsShown(req, { ...context, base: settingsOf(context) }, inside));
    const { problem } = await refreshMetadata(store, connection, deps.limits);
    await store.activity.record(context.entry("connection.metadata_refreshed"));
    const text =
      problem === null
        ? "The metadata was read again."
        : `The metadata could not be read. The old values stay. ${problem}`;
    const kind = problem === null ? "done" : "problem";
    await answerForm(req, res, settingsOf(context), { kind, text, at: "metadata" });
  });

  addKeyChange(router, deps, {
    action: "begin",
    done: "There is a second certificate now. Add it in Okta, then end the change.",
    change: ({ store, connection }, check) => beginKeyChange(store, deps, connection, check),
  });
  addKeyChange(router, deps, {
    action: "end",
    done: "The new certificate signs from now on.",
    change: ({ store, connection }, check) => endKeyChange(store, connection, check),
  });
  return router;
}

/** One of the two steps of a key change. */
interface KeyChangeStep {
  /** The last segment of the path. */
  action: "begin" | "end";
  done: string;
  /** Calls `check` in the transaction of the change, before changing anything. */
  change(context: SamlContext, check: (store: TenantStore) => Promise<void>): Promise<void>;
}

function addKeyChange(router: Router, deps: AdminDeps, { action, done, change }: KeyChangeStep): void {
  router.post(`${pattern}/keys/${action}`, async (req, res) => {
    const context = await samlContext(deps, req);
    const page = settingsOf(context);
    const answer = (kind: "done" | "problem", text: string) =>
      answerForm(req, res, page, { kind, text, at: "keys" });
    try {
      await change(context, async (store) => {
        checkShown(req, keyFacts(await ourCertificates(deps, { ...context, store })), page);
        await store.activity.record(context.entry(`connection.key_change_${action}`));
      });
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      return await answer("problem", error.message);
    }
    await answer("done", done);
  });
}

/** The page with the connection's settings: a draft's step, or a tab. */
function settingsOf({ base, connection }: SamlContext): string {
  return pageOfStep(base, connection, "values");
}

/** Throws NotFoundError unless the path names a saved SAML connection that the administrator may change. */
async function samlContext({ database }: AdminDeps, req: Request): Promise<SamlContext> {
  const context = await adminContext(database, req);
  const { connection } = context;
  if (connection.type !== "saml" || !connection.settings || !mayEdit(context))
    throw new NotFoundError("There is no such SAML connection.");
  return { ...context, connection: { ...connection, settings: connection.settings } };
}
