import type { ErrorRequestHandler, Request, Response } from "express";
import { attributes } from "../../config/attributes.ts";
import { finishSignInTest, type MappedField, type TestedSignIn } from "../directory/sign-in-tests.ts";
import { RefusedError } from "../errors.ts";
import type { VerifiedIdentity } from "../model.ts";
import type { Sealer } from "../store/secrets.ts";
import { landingPath } from "../web/home.ts";
import { ssoOf, usedSignInRules } from "./connection.ts";
import type { SentFields } from "./sign-in.ts";

/**
 * The result of a test whose answer is accepted. If no identity can be made of it, the result says why.
 * @param problem of a sign-in that works all the same; null if there is none.
 */
export function testedSignIn(
  values: TestedSignIn["values"],
  sent: SentFields,
  identify: () => VerifiedIdentity,
  problem: RefusedError | null = null,
): TestedSignIn {
  const mapped = mappedFields(sent);
  try {
    return { values, mapped, identity: identify(), problem };
  } catch (error) {
    if (error instanceof RefusedError) return { values, mapped, identity: null, problem: error };
    throw error;
  }
}

/** The fields as a test shows them, in the order of config/attributes.ts. */
function mappedFields(sent: SentFields): MappedField[] {
  return attributes.flatMap(({ field, label, requiredAtSignIn: required = false }) =>
    field === null || field === "active" ? [] : [{ label, ...sent[field], required }],
  );
}

/**
 * Ends a test sign-in: stores the result for the set-up page and signs no one in. The set-up page polls for the result,
 * because this window cannot reach the one that opened it (Cross-Origin-Opener-Policy).
 */
export async function endTest(
  req: Request,
  res: Response,
  sealer: Sealer,
  tested: TestedSignIn,
): Promise<void> {
  const { store, connection, testId } = ssoOf(req);
  if (testId === null) throw new Error("this sign-in is not a test");
  const works = await finishSignInTest({ store, sealer, connection }, testId, tested);
  const cause = tested.problem?.cause;
  const where = { tenantId: store.tenantId, connectionId: connection.id };
  const reason = tested.problem?.reason ?? null;
  const details = typeof cause === "string" ? { detail: cause } : { err: cause };
  req.log.info({ ...where, works, reason, ...(cause ? details : {}) }, "sign_in_test.finished");
  res.set("Cache-Control", "no-store").render("sign-in-test-done", { title: "Test sign-in", works });
}

/**
 * The last handler of a protocol room's router. It keeps the error for the inspector. A refused test ends here, because
 * the administrator wants to see what went wrong. A person who goes back to the address of a consumed sign-in is sent on
 * to the application, if this browser is signed in to the tenant; nothing is verified or started for that.
 */
export function endWithError(sealer: Sealer): ErrorRequestHandler {
  return async (error: unknown, req, res, next) => {
    if (req.sso) req.sso.error = error;
    if (isUsed(error) && req.sso && req.person?.tenant.id === req.sso.store.tenantId) {
      req.log.info({ tenantId: req.person.tenant.id }, "sign_in.already_done");
      return res.redirect(303, landingPath);
    }
    if (!req.sso?.testId || !(error instanceof RefusedError)) return next(error);
    await endTest(req, res, sealer, { values: {}, mapped: [], identity: null, problem: error });
  };
}

function isUsed(error: unknown): boolean {
  const ruleId = error instanceof RefusedError ? error.broken?.ruleId : undefined;
  return ruleId !== undefined && (usedSignInRules as readonly string[]).includes(ruleId);
}
