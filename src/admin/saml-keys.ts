import { keyPairsOf } from "../saml/keys.ts";
import type { AdminDeps } from "./deps.ts";
import type { SetUpContext } from "./set-up-context.ts";

/** Our certificates at a SAML connection. The first one signs. */
export async function ourCertificates(
  { sealer, generateKeys }: AdminDeps,
  { store, connection }: Pick<SetUpContext, "store" | "connection">,
): Promise<string[]> {
  return (await keyPairsOf(store, sealer, connection, generateKeys)).map(({ certificate }) => certificate);
}
