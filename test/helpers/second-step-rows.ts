import type { TenantStore } from "../../src/store/tenant-store.ts";

/** An authenticator app, a recovery code and a passkey. Returns the passkey's id. */
export async function addSecondSteps(store: TenantStore, userId: string): Promise<string> {
  const id = `passkey-${store.tenantId}`;
  await store.secondSteps.setAuthenticator(userId, "a's", 1);
  await store.secondSteps.setRecoveryCodes(userId, ["a's"]);
  await store.passkeys.add({ id, userId, name: "a's", publicKey: "a's", counter: 1, transports: ["usb"] });
  return id;
}
