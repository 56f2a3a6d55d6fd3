import type { PlannedFault } from "./fault.ts";
import type { BrokenProvider, ProviderMode } from "./provider.ts";
import type { FaultWorld } from "./world.ts";

const modes: Record<string, ProviderMode> = {
  "provider-slow": "slow",
  "provider-html": "html",
  "provider-error": "error",
  "provider-wrong-keys": "wrong-keys",
  "provider-down": "down",
};

/** The database plays no part in these. */
export const providerFaults: readonly PlannedFault[] = Object.entries(modes).map(([name, mode]) => ({
  name,
  engines: ["SQLite"],
  // It signs with a new key, which the application cannot get.
  hidesKeys: true,
  // A person gets the page that says why the sign-in did not work; Universal Logout is refused, or asked to come back.
  planned: ["sign-in: 403", "logout: 401", "logout: 503"],
  // Longer than a call of a provider may take (5 s).
  lasts: 12,
  needs: ["provider"],
  inject: (world) => providerOf(world).answer(mode),
  recover: (world) => providerOf(world).answer("right"),
}));

function providerOf({ provider }: FaultWorld): BrokenProvider {
  if (!provider) throw new Error("the world has no provider");
  return provider;
}
