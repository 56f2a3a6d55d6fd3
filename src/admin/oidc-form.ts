import { InvalidError } from "../errors.ts";
import type { OidcSettings } from "../model.ts";
import { type Check, type FormReader, optional, textCheck } from "./form-reader.ts";
import { readRoleMapping } from "./role-form.ts";

/** What the OIDC room knows of providers: handed down by src/app.ts. */
export interface OidcKnowledge {
  /** Reads what the provider at an address says of itself. Throws InvalidError. */
  describe(address: string): Promise<{
    issuer: string;
    authorizationEndpoint: string;
    keyIds: string[];
    offersSignOut: boolean;
  }>;
  /** The address of an Okta org as it stands in tokens. Throws InvalidError. */
  checkIssuer(address: string): string;
}

/** What a person enters of an OIDC connection, beside switches. */
export function oidcChecks({ describe }: OidcKnowledge): Record<string, Check> {
  const noSpaces = { is: /^[\x21-\x7e]+$/, says: "This holds a space or a character that Okta never uses." };
  return {
    async issuer(text) {
      if (text === "") throw new InvalidError("Enter the address of your Okta org.");
      const { issuer, authorizationEndpoint, keyIds, offersSignOut } = await describe(text);
      const keys = keyIds.length === 1 ? "1 key" : `${keyIds.length} keys`;
      const signOut = offersSignOut ? "" : " It does not offer to sign out.";
      const note = `Found ${issuer}. People sign in at ${authorizationEndpoint}; it signs with ${keys}.${signOut}`;
      return { value: issuer, note };
    },
    clientId: textCheck("The client ID", 255, noSpaces),
    async clientSecret(text, other) {
      if (text !== "" && text === other("clientId"))
        throw new InvalidError("This is the client ID. Copy the client secret.");
      return await textCheck("The client secret", 512, noSpaces)(text, other);
    },
    issuerAlias: optional(async (text, other) => {
      const alias = await describe(text);
      const issuer = await describe(other("issuer"));
      if (alias.issuer === issuer.issuer)
        throw new InvalidError("This is the issuer itself. Leave it empty.");
      // Another org under this name could vouch for anybody: only the same org has the same keys.
      const isSame = [...alias.keyIds].sort().join() === [...issuer.keyIds].sort().join();
      if (!isSame) throw new InvalidError(`${alias.issuer} signs with other keys: it is another org.`);
      return { value: alias.issuer, note: `${alias.issuer} is the same org.` };
    }),
  };
}

export interface OidcInput {
  settings: OidcSettings;
  /** Null keeps the one that is stored. */
  secret: string | null;
  justInTime: boolean;
}

/** Reads the whole form; null when something is wrong with it, which the reader says. */
export async function readOidcForm(
  form: FormReader,
  knowledge: OidcKnowledge,
  hasSecret: boolean,
): Promise<OidcInput | null> {
  const checks = oidcChecks(knowledge) as Record<keyof OidcSettings | "clientSecret", Check>;
  const issuer = await form.take("issuer", checks.issuer);
  const issuerAlias = await form.take("issuerAlias", checks.issuerAlias);
  const clientId = await form.take("clientId", checks.clientId);
  const secret = await form.take(
    "clientSecret",
    hasSecret ? optional(checks.clientSecret) : checks.clientSecret,
  );
  const roleMapping = readRoleMapping(form);
  const switches = {
    signOutOfProvider: form.isOn("signOutOfProvider"),
    universalLogout: form.isOn("universalLogout"),
  };
  const justInTime = form.isOn("justInTime");
  if (!form.isRight || issuer === null || clientId === null) return null;
  const settings = { issuer, issuerAlias: issuerAlias || null, clientId, roleMapping, ...switches };
  return { settings, secret: secret || null, justInTime };
}

/** What stands in the form before anything was entered. */
export function oidcValues(settings: OidcSettings | null, justInTime: boolean): Record<string, string> {
  const onOff = (value: boolean) => (value ? "on" : "");
  return {
    issuer: settings?.issuer ?? "",
    clientId: settings?.clientId ?? "",
    issuerAlias: settings?.issuerAlias ?? "",
    roleName: settings?.roleMapping?.name ?? "",
    roleValues: settings?.roleMapping?.adminValues.join("\n") ?? "",
    signOutOfProvider: onOff(settings?.signOutOfProvider ?? false),
    universalLogout: onOff(settings?.universalLogout ?? true),
    justInTime: onOff(justInTime),
  };
}
