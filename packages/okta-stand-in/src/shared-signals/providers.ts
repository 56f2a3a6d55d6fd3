import { z } from "zod";
import { type Org, OrgNotFoundError, OrgRefusal } from "../org.ts";
import { newId } from "../state.ts";
import { isWebAddress } from "../web-address.ts";
import { type ProviderSettings, type SignalProvider, signalsIn } from "./state.ts";

const timeoutMs = 10_000;

const address = z.string().refine(isWebAddress);
const metadata = z.looseObject({ issuer: z.string().min(1), jwks_uri: address });
const keySet = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })) });

/** A registration, with the names of Okta's API ("Security Events Providers"). */
export const wantedProvider = z.object({
  name: z.string().trim().min(1).max(100),
  type: z.string().min(1).max(255).default("okta"),
  settings: z.union([
    z.strictObject({ well_known_url: address }),
    z.strictObject({ issuer: z.string().min(1), jwks_url: address }),
  ]),
});

type WantedProvider = z.infer<typeof wantedProvider>;

/** The public values of a transmitter. */
interface Transmitter {
  issuer: string;
  keys: { kty: string }[];
}

/** Registers a transmitter, which is active at once. Throws OrgRefusal if its values are taken. */
export function addProvider({ store }: Org, wanted: WantedProvider): SignalProvider {
  const { providers } = signalsIn(store.state);
  const sameSettings = ({ settings }: SignalProvider) =>
    JSON.stringify(settings) === JSON.stringify(wanted.settings);
  if (Object.values(providers).some(sameSettings))
    throw new OrgRefusal("A provider with these settings exists.");
  const provider: SignalProvider = { id: newId("sse"), ...wanted, status: "ACTIVE" };
  providers[provider.id] = provider;
  store.changed();
  return provider;
}

/** Throws OrgNotFoundError. */
export function providerOf({ store }: Org, id: string): SignalProvider {
  const { providers } = signalsIn(store.state);
  const found = Object.hasOwn(providers, id) ? providers[id] : undefined;
  if (!found) throw new OrgNotFoundError("There is no such security events provider.");
  return found;
}

export function setProviderStatus(
  { store }: Org,
  provider: SignalProvider,
  status: SignalProvider["status"],
): void {
  provider.status = status;
  store.changed();
}

export function deleteProvider({ store }: Org, { id }: SignalProvider): void {
  delete signalsIn(store.state).providers[id];
  store.changed();
}

/** The issuer and the keys of a transmitter, read anew; null if it does not answer with them. */
export async function transmitterOf({ settings }: SignalProvider): Promise<Transmitter | null> {
  try {
    const { issuer, jwks_uri } = await namedBy(settings);
    const { keys } = keySet.parse(await document(jwks_uri));
    return { issuer, keys };
  } catch {
    return null;
  }
}

async function namedBy(settings: ProviderSettings): Promise<z.infer<typeof metadata>> {
  if ("well_known_url" in settings) return metadata.parse(await document(settings.well_known_url));
  return { issuer: settings.issuer, jwks_uri: settings.jwks_url };
}

async function document(url: string): Promise<unknown> {
  const response = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(timeoutMs) });
  return response.ok ? await response.json() : null;
}
