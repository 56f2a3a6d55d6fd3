import { type Request, type RequestHandler, Router } from "express";
import type { Mails } from "../directory/mails.ts";
import { checkShownName } from "../directory/names.ts";
import {
  addAuthenticator,
  addPasskey,
  isSecondStepRequired,
  removeAuthenticator,
  removePasskey,
  renewRecoveryCodes,
} from "../directory/second-steps.ts";
import { usablePasswordHash } from "../directory/synced-passwords.ts";
import { paths } from "../endpoints.ts";
import { InvalidError, NotFoundError, RefusedError } from "../errors.ts";
import type { User } from "../model.ts";
import type { Database } from "../store/database.ts";
import type { Sealer } from "../store/secrets.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { answerChange, answerForm, submittedForm } from "./answers.ts";
import { offerKey, openKey } from "./authenticator-key.ts";
import { requireFreshSignIn } from "./fresh-sign-in.ts";
import { requireSignIn, signedIn, storeOf } from "./guards.ts";
import { formField, navigationOnly } from "./request.ts";
import { noTransform } from "./views.ts";
import type { WebAuthn } from "./webauthn.ts";

export interface SecondStepAccountDeps {
  database: Database;
  sealer: Sealer;
  webAuthn: WebAuthn;
  mails: Mails;
}

/** The section of the account page, and the forms of the pages below it. */
const [section, appForm, passkeyForm] = ["second-step", "authenticator", "passkey"];

const longestName = 60;

/** A person's second steps, for the account page; null for people without a local password. */
export async function secondStepsOf(store: TenantStore, user: User, hasPassword: boolean) {
  if (!hasPassword) return null;
  const [steps, passkeys, isRequired] = await Promise.all([
    store.secondSteps.ofUser(user.id),
    store.passkeys.ofUser(user.id),
    isSecondStepRequired(store, user.id),
  ]);
  return { ...steps, passkeys, isRequired };
}

/** A person's own second steps. Each form needs a recent sign-in (dangerous-acts.ts). */
export function secondStepAccountRoutes(deps: SecondStepAccountDeps): Router {
  const router = Router();
  const allowed = [requireSignIn, requirePassword(deps.database), requireFreshSignIn];
  addAuthenticatorPages(router, deps, allowed);
  addPasskeyPages(router, deps, allowed);

  router.post(paths.recoveryCodes, ...allowed, async (req, res) => {
    await answerChange({ req, res }, { page: paths.account, at: section }, async () => {
      const { user } = signedIn(req);
      const codes = await storeOf(req, deps.database).transaction((store) =>
        renewRecoveryCodes(store, user, occasionOf(deps, req)),
      );
      return {
        text: "The former recovery codes do not work any more.",
        page: paths.account,
        ...withCodes(codes),
      };
    });
  });
  return router;
}

const occasionOf = ({ mails }: SecondStepAccountDeps, req: Request) => ({ requestId: req.id, mails });

/** For people without a local password the pages do not exist: their identity provider has the second step. */
function requirePassword(database: Database): RequestHandler {
  return async (req, _res, next) => {
    const hash = await usablePasswordHash(storeOf(req, database), signedIn(req).user);
    next(hash === null ? new NotFoundError("There is no such page.") : undefined);
  };
}

/** The answer that shows recovery codes, if there are new ones. */
const withCodes = (codes: string[] | null) =>
  codes === null ? {} : { secrets: { recoveryCodes: codes.join("\n") } };

function addAuthenticatorPages(
  router: Router,
  deps: SecondStepAccountDeps,
  allowed: readonly RequestHandler[],
): void {
  const { sealer } = deps;
  const page = paths.authenticator;
  const holderOf = (req: Request) => {
    const { tenant, user } = signedIn(req);
    return { tenantId: tenant.id, tenantName: tenant.name, userId: user.id, loginName: user.loginName };
  };

  router.get(page, ...allowed, (req, res) => {
    const form = submittedForm(res, appForm);
    const offered = offerKey(sealer, holderOf(req), form?.values.sealed);
    res.set("Cache-Control", noTransform);
    const title = "Set up an authenticator app";
    res.render("account-authenticator", {
      title,
      offered,
      form,
      action: page,
      stylesheets: ["lists.css", "admin.css"],
    });
  });

  router.post(page, ...allowed, async (req, res) => {
    const sealed = formField(req, "sealed");
    const place = { page, at: appForm, entered: { sealed }, field: "code" };
    await answerChange({ req, res }, place, async () => {
      const key = openKey(sealer, holderOf(req), sealed);
      if (!key) throw new InvalidError("Scan this new code, please.");
      const { user } = signedIn(req);
      const added = { key, code: formField(req, "code"), ...occasionOf(deps, req) };
      const codes = await storeOf(req, deps.database).transaction((store) =>
        addAuthenticator(store, sealer, user, added),
      );
      return { text: "The authenticator app is set up.", page: paths.account, ...withCodes(codes) };
    });
  });

  router.post(`${page}/remove`, ...allowed, async (req, res) => {
    await answerChange({ req, res }, { page: paths.account, at: section }, async () => {
      await removeAuthenticator(storeOf(req, deps.database), signedIn(req).user, occasionOf(deps, req));
      return { text: "The authenticator app is removed." };
    });
  });
}

function addPasskeyPages(
  router: Router,
  deps: SecondStepAccountDeps,
  allowed: readonly RequestHandler[],
): void {
  const { webAuthn } = deps;

  router.get(paths.newPasskey, navigationOnly, ...allowed, async (req, res) => {
    const { user } = signedIn(req);
    const existing = await storeOf(req, deps.database).passkeys.ofUser(user.id);
    const options = await webAuthn.creationOptions(res, user, existing);
    const form = submittedForm(res, passkeyForm) ?? { values: {}, problems: {}, notes: {} };
    res.render("account-passkey", { title: "Add a passkey", options, form, longestName });
  });

  router.post(paths.passkeys, ...allowed, async (req, res) => {
    const name = formField(req, "name").trim();
    const place = { page: paths.newPasskey, at: passkeyForm, entered: { name } };
    try {
      await answerChange({ req, res }, { ...place, field: "name" }, async () => {
        checkPasskeyName(name);
        const { user } = signedIn(req);
        const passkey = await webAuthn.verifyNew(req, user, formField(req, "credential"));
        const codes = await storeOf(req, deps.database).transaction((store) =>
          addPasskey(store, user, { ...passkey, name }, occasionOf(deps, req)),
        );
        return { text: `The passkey “${name}” is added.`, page: paths.account, ...withCodes(codes) };
      });
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      req.log.warn({ reason: error.reason, err: error.cause }, "passkey.refused");
      const text = "The passkey was not added. Try again.";
      const form = { values: { name }, problems: {}, notes: {} };
      await answerForm(req, res, place.page, { kind: "problem", text, at: place.at, form });
    }
  });

  router.post(`${paths.passkeys}/remove`, ...allowed, async (req, res) => {
    await answerChange({ req, res }, { page: paths.account, at: section }, async () => {
      await removePasskey(
        storeOf(req, deps.database),
        signedIn(req).user,
        formField(req, "passkey"),
        occasionOf(deps, req),
      );
      return { text: "The passkey is removed. It signs no one in any more." };
    });
  });
}

/** Throws InvalidError. */
function checkPasskeyName(name: string): void {
  if (name === "") throw new InvalidError("Give the passkey a name, such as “Laptop”.");
  if (name.length > longestName) throw new InvalidError(`The name has more than ${longestName} characters.`);
  checkShownName("The name", name);
}
