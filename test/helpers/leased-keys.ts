import { generateKeyPairSync, type KeyPairKeyObjectResult } from "node:crypto";

export interface LeasedKey extends KeyPairKeyObjectResult {
  /** Leaves the key to others. Does nothing the second time. */
  giveBack(): void;
}

const free: KeyPairKeyObjectResult[] = [];

/**
 * An RSA key for a test's identity provider, which gives it back when it closes. Keys are slow to make, so a later provider
 * gets the same one; two that are open at the same time never do.
 */
export function leaseKey(): LeasedKey {
  const pair = free.pop() ?? generateKeyPairSync("rsa", { modulusLength: 2048 });
  let isLeased = true;
  return {
    ...pair,
    giveBack() {
      if (isLeased) free.push(pair);
      isLeased = false;
    },
  };
}
