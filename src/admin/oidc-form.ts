import { okta } from "okta-labels/labels";
import { InvalidError } from "../errors.ts";
import type { OidcSettings } from "../model.ts";
import { checkAcrValues, checkIssuer, checkMaxAge } from "../oidc/issuer.ts";
import { checkAlias, readProvider } from "../oidc/provider-facts.ts";
import type { FetchLimits } from "../trust/guarded-fetch.ts";
import {
  type ConnectionForm,
  type EnteredConnection,
  type FieldCheck,
  type FormReader,
  optional,
  readRoleMapping,
  textCheck,
} from "./form-reader.ts";

export const oidcForm: ConnectionForm<OidcSettings> = {
  choice: {
    name: okta.signOn.openIdConnect,
    hint: "Recommended by Okta. You copy a client ID and a client secret.",
  },
  labels: {
    issuer: okta.signOn.issuer,
    clientId: okta.signOn.clientId,
    clientSecret: okta.signOn.clientSecret,
    maxAgeMinutes: "Minutes after which people sign in at Okta again",
    acrValues: "What administrators need to sign in again",
    issuerAlias: "Other name of the org",
  },
  locals: {
    shownFields: ["issuer", "clientId"],
    screenText:
      "The app in Okta, with its client ID and client secret marked, and the org’s address at the top right",
  },
  checks: oidcChecks,
  read: (form, limits, { hasSecret }) => readOidcForm(form, limits, hasSecret),
  values: oidcValues,
};

/** The checks of an OIDC connection's text fields. */
function oidcChecks(limits: FetchLimits): Record<string, FieldCheck> {
  const issuerIn = (text: string) => checkIssuer(text, limits.allowPrivateNetwork);
  const noSpaces = {
    pattern: /^[\x21-\x7e]+$/,
    problem: "This contains a space or a character that Okta never uses.",
  };
  return {
    async issuer(text) {
      if (text === "") throw new InvalidError("Enter the address of your Okta org.");
      const issuer = issuerIn(text);
      const { authorizationEndpoint, keyIds, endSessionEndpoint } = await readProvider(issuer, limits);
      const keys = keyIds.length === 1 ? "1 key" : `${keyIds.length} keys`;
      const signOut = endSessionEndpoint === null ? " It does not offer to sign out." : "";
      const note = `Found ${issuer}. People sign in at ${authorizationEndpoint}; it signs with ${keys}.${signOut}`;
      return { value: issuer, note };
    },
    clientId: textCheck("The client ID", 255, noSpaces),
    async clientSecret(text, other) {
      if (text !== "" && text === other("clientId"))
        throw new InvalidError("This is the client ID. Copy the client secret.");
      return await textCheck("The client secret", 512, noSpaces)(text, other);
    },
    maxAgeMinutes: optional((text) => ({ value: String(checkMaxAge(text)), note: null })),
    acrValues: optional((text) => ({ value: checkAcrValues(text), note: null })),
    issuerAlias: optional(async (text, other) => {
      const alias = issuerIn(text);
      await checkAlias(issuerIn(other("issuer")), alias, limits);
      return { value: alias, note: `${alias} is the same org.` };
    }),
  };
}

async function readOidcForm(
  form: FormReader,
  limits: FetchLimits,
  hasSecret: boolean,
): Promise<EnteredConnection<OidcSettings> | null> {
  const checks = oidcChecks(limits) as Record<keyof OidcSettings | "clientSecret", FieldCheck>;
  const issuer = await form.checked("issuer", checks.issuer);
  const issuerAlias = await form.checked("issuerAlias", checks.issuerAlias);
  const clientId = await form.checked("clientId", checks.clientId);
  const secretCheck = hasSecret ? optional(checks.clientSecret) : checks.clientSecret;
  const secret = await form.checked("clientSecret", secretCheck);
  const maxAge = await form.checked("maxAgeMinutes", checks.maxAgeMinutes);
  const acrValues = await form.checked("acrValues", checks.acrValues);
  const roleMapping = readRoleMapping(form);
  const signOutOfProvider = form.isOn("signOutOfProvider");
  const universalLogout = form.isOn("universalLogout");
  const crossAppAccess = form.isOn("crossAppAccess");
  const justInTime = form.isOn("justInTime");
  if (!form.isValid || issuer === null || clientId === null) return null;
  return {
    settings: {
      issuer,
      issuerAlias: issuerAlias || null,
      clientId,
      roleMapping,
      signOutOfProvider,
      universalLogout,
      crossAppAccess,
      ...(maxAge ? { maxAgeMinutes: Number(maxAge) } : {}),
      ...(acrValues ? { acrValues } : {}),
    },
    secret: secret || null,
    justInTime,
    notes: [],
  };
}

function oidcValues(settings: OidcSettings | null, justInTime: boolean): Record<string, string> {
  const onOff = (value: boolean) => (value ? "on" : "");
  return {
    issuer: settings?.issuer ?? "",
    clientId: settings?.clientId ?? "",
    issuerAlias: settings?.issuerAlias ?? "",
    maxAgeMinutes: settings?.maxAgeMinutes ? String(settings.maxAgeMinutes) : "",
    acrValues: settings?.acrValues ?? "",
    roleName: settings?.roleMapping?.name ?? "",
    roleValues: settings?.roleMapping?.adminValues.join("\n") ?? "",
    signOutOfProvider: onOff(settings?.signOutOfProvider ?? false),
    universalLogout: onOff(settings?.universalLogout ?? true),
    crossAppAccess: onOff(settings?.crossAppAccess ?? true),
    justInTime: onOff(justInTime),
  };
}
