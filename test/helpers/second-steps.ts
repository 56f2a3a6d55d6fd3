import { noMails } from "../../src/directory/mails.ts";
import { hotp, newAuthenticatorKey, timeStepOf } from "../../src/directory/one-time-codes.ts";
import { addAuthenticator } from "../../src/directory/second-steps.ts";
import type { User } from "../../src/model.ts";
import type { Sealer } from "../../src/store/secrets.ts";
import type { TenantStore } from "../../src/store/tenant-store.ts";

/** A person's authenticator app. */
export interface TestAuthenticator {
  /** The code of a time step, counted from now. */
  code(offset?: number): string;
  recoveryCodes: string[];
}

/**
 * Sets up an app, whose code of now can still be used: it enters the code before. If a time step begins in that moment, that
 * code is too old, and the next one is entered.
 */
export async function giveAuthenticator(
  store: TenantStore,
  sealer: Sealer,
  user: User,
): Promise<TestAuthenticator> {
  const key = newAuthenticatorKey();
  const enterCode = async (): Promise<string[] | null> => {
    const step = timeStepOf(Date.now());
    const added = { key, code: hotp(key, step - 1), requestId: null, mails: noMails };
    try {
      return await store.transaction((inside) => addAuthenticator(inside, sealer, user, added));
    } catch (error) {
      if (timeStepOf(Date.now()) === step) throw error;
      return await enterCode();
    }
  };
  const recoveryCodes = (await enterCode()) ?? [];
  return { code: (offset = 0) => hotp(key, timeStepOf(Date.now()) + offset), recoveryCodes };
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** The code of now for a key that a page shows as text. */
export function codeOfShownKey(page: { text: string }): string {
  const text = /id="authenticator-key">([^<]*)</.exec(page.text)?.[1]?.replaceAll(" ", "") ?? "";
  const bits = [...text].map((one) => alphabet.indexOf(one).toString(2).padStart(5, "0")).join("");
  const bytes = (bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2));
  return hotp(Buffer.from(bytes), timeStepOf(Date.now()));
}
