import express, { type ErrorRequestHandler, type Request, Router } from "express";
import type { Knex } from "knex";
import { judge } from "policy-list/policy";
import { type SentRequest, subjectRules } from "saml-policy/assertion-rules";
import { consume, type Ports } from "saml-policy/consume";
import { authnRequestUrl, newRequestId } from "saml-policy/request";
import type { ServiceProvider } from "saml-policy/rule";
import { RefusedError, refusalOf } from "../../../src/errors.ts";
import { hash, randomToken } from "./sessions.ts";
import { pendingSignIns, type SignInSettings, signIn } from "./sign-in.ts";

export function samlRoutes(sql: Knex, settings: SignInSettings): Router {
  const { baseUrl, saml } = settings;
  const pending = pendingSignIns<SentRequest>(settings);
  const sp: ServiceProvider = {
    acsUrl: `${baseUrl}/saml/acs`,
    entityId: `${baseUrl}/saml/metadata`,
    idpEntityId: saml.idpEntityId,
    certificates: [saml.certificate],
    signed: "assertion",
    acceptsEncrypted: false,
    // See unsolicited() below.
    idpInitiated: false,
    forceAuthn: false,
    isTest: false,
  };
  const portsOf = (req: Request): Ports<SentRequest, Knex> => ({
    now: Date.now,
    decryptionKeys: async () => [],
    refreshCertificates: async () => null,
    transaction: (work) =>
      sql.transaction((trx) => {
        const replay = { consume: (id: string, expiresAt: number) => consumeOnce(trx, id, expiresAt) };
        return work({ replay, requests: { take: (id) => pending.take(trx, req, id) } }, trx);
      }),
  });

  const router = Router();
  router.get("/saml/login", async (req, res) => {
    const [id, relayState] = [newRequestId(), randomToken()];
    await pending.keep(sql, req, { id, expected: { relayState, sentAt: Date.now() } });
    res.redirect(await authnRequestUrl(sp, { id, relayState, ssoUrl: saml.ssoUrl, privateKey: null }));
  });
  const form = express.urlencoded({ extended: false, limit: "512kb" });
  router.post("/saml/acs", form, async (req, res) => {
    const posted = { form: req.body ?? {}, query: req.query };
    const nameId = await consume(posted, sp, portsOf(req), async ({ assertion }) => {
      judge(subjectRules, { assertion, subjectAttribute: null });
      return assertion.nameId;
    });
    // The NameID is the person's user name at Okta, which SCIM writes into this column.
    await signIn(sql, res, { email: nameId ?? "" }, baseUrl);
  });
  router.use(unsolicited);
  return router;
}

/** Returns false for an assertion that was consumed before. */
async function consumeOnce(sql: Knex, id: string, expiresAt: number): Promise<boolean> {
  await sql("consumed_assertions").where("expires_at", "<", Date.now()).delete();
  const row = { id_hash: hash(id), expires_at: expiresAt };
  const added = await sql("consumed_assertions").insert(row, "id_hash").onConflict("id_hash").ignore();
  return added.length > 0;
}

/**
 * A click on Okta's tile posts a response that answers no request. An attacker could make someone's browser post one, too.
 * So it only begins a sign-in here, which Okta answers at once: the person at the browser has a session there.
 */
const unsolicited: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  const refusal = refusalOf(error);
  if (refusal instanceof RefusedError && refusal.reason === "saml-unsolicited")
    res.redirect(303, "/saml/login");
  else next(refusal);
};
