import type { PageCase } from "../helpers/every-page.ts";
import { createLocalAccount } from "../helpers/people.ts";
import { giveAuthenticator } from "../helpers/second-steps.ts";
import type { Site } from "../helpers/site.ts";

/**
 * The pages of second steps: the account with an app and passkeys, and what leads there. Those of a pending sign-in are
 * tested with it (second-step.test.ts, test/browser/second-step.test.ts).
 */
export async function secondStepPages({ acme, sealer }: Site): Promise<PageCase[]> {
  const user = await createLocalAccount(acme.store, "second-steps@acme.example");
  await giveAuthenticator(acme.store, sealer, user);
  const passkey = { name: "<b>Laptop</b> \u202e", publicKey: "x", counter: 0, transports: ["internal"] };
  await acme.store.passkeys.add({ ...passkey, id: "page-case", userId: user.id });
  await acme.store.passkeys.recordUse("page-case", 0);
  const bad = { credential: "{}" };
  return [
    { name: "sign-in with a passkey", status: 200, as: null, path: "/login/passkey?returnTo=/account" },
    { name: "a refused passkey", status: 403, as: null, path: "/login/passkey", form: bad },
    { name: "the account with second steps", status: 200, as: user, path: "/account" },
    { name: "a new authenticator app", status: 200, as: user, path: "/account/authenticator" },
    { name: "a new passkey", status: 200, as: user, path: "/account/passkeys/new" },
  ];
}
