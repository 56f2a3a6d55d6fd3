import { attributes } from "../../config/attributes.ts";
import { InvalidError } from "../errors.ts";
import type { Connection, SamlSettings } from "../model.ts";
import type { Sealer } from "../store/secrets.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { checkSigningCertificates, readCertificate } from "../trust/certificates.ts";
import { checkedUrl, type FetchLimits, guardedFetch } from "../trust/guarded-fetch.ts";
import { type Check, type FormReader, optional, textCheck } from "./form-reader.ts";
import type { OidcKnowledge } from "./oidc-form.ts";
import { readRoleMapping } from "./role-form.ts";

/** What the SAML room knows of providers and of our keys: handed down by src/app.ts. */
export interface SamlKnowledge {
  /** Reads a provider's metadata. Throws InvalidError. */
  parseMetadata(xml: string): Pick<SamlSettings, "idpEntityId" | "ssoUrl" | "certificates">;
  /** Reads the metadata of a connection again; the problem, or null. */
  refresh(store: TenantStore, connection: SamlConnection): Promise<{ problem: string | null }>;
  /** Our key pairs at a connection; with two, a change is under way. */
  keyPairs(
    store: TenantStore,
    sealer: Sealer,
    connection: Connection,
  ): Promise<readonly { certificate: string }[]>;
  /** `step` runs in the transaction of the change, before it, with the connection locked; what it throws ends it. */
  beginKeyChange(
    store: TenantStore,
    sealer: Sealer,
    connection: Connection,
    step: (inside: TenantStore) => Promise<void>,
  ): Promise<void>;
  endKeyChange(
    store: TenantStore,
    connection: Connection,
    step: (inside: TenantStore) => Promise<void>,
  ): Promise<void>;
}

export type SamlConnection = Connection & { type: "saml"; settings: SamlSettings };

/** What reading the form takes. */
interface Needs {
  saml: SamlKnowledge;
  oidc: OidcKnowledge;
  limits: FetchLimits;
}

const mostCertificates = 10;

/** The fields whose attributes may have other names. */
export const nameableFields = attributes.flatMap(({ field, label, samlAttribute }) =>
  field === null || field === "active" ? [] : [{ field, label, usual: samlAttribute }],
);

/** What a person enters of a SAML connection, beside switches. */
export function samlChecks({ saml, oidc, limits }: Needs): Record<string, Check> {
  const name = { is: /^\S.*$/, says: "This holds a line break." };
  return {
    metadataUrl: optional(async (text) => {
      const metadata = saml.parseMetadata(await guardedFetch(text, limits));
      checkSigningCertificates(metadata.certificates);
      return { value: text, note: `Found ${metadata.idpEntityId}, which signs in at ${metadata.ssoUrl}.` };
    }),
    metadataXml: optional((text) => {
      const metadata = saml.parseMetadata(text);
      checkSigningCertificates(metadata.certificates);
      return { value: text, note: `This is the metadata of ${metadata.idpEntityId}.` };
    }),
    ssoUrl: (text) => {
      if (text === "") throw new InvalidError("The sign on URL is missing.");
      return { value: checkedUrl(text, limits.allowPrivateNetwork).href, note: null };
    },
    idpEntityId: textCheck("The issuer", 1024, { is: /^\S+$/, says: "An issuer has no spaces in it." }),
    certificates: (text) => {
      const certificates = readCertificates(text);
      checkSigningCertificates(certificates);
      const many = certificates.length === 1 ? "1 certificate" : `${certificates.length} certificates`;
      return { value: certificates.join("\n"), note: `${many} can be read.` };
    },
    appInstanceId: optional(
      textCheck("The app instance ID", 100, {
        is: /^0oa[A-Za-z0-9]+$/,
        says: "An app instance ID of Okta starts with 0oa and has only letters and digits.",
      }),
    ),
    orgUrl: optional((text) => ({ value: oidc.checkIssuer(text), note: null })),
    subjectAttribute: optional(textCheck("The attribute's name", 200, name)),
    ...Object.fromEntries(
      nameableFields.map(({ field }) => [`name-${field}`, optional(textCheck("The name", 200, name))]),
    ),
  };
}

/** Reads certificates one after the other, as PEM or as base64 with an empty line between them. Throws InvalidError. */
function readCertificates(text: string): string[] {
  if (text === "") throw new InvalidError("The signing certificate is missing.");
  const parts = text.split(/-----END CERTIFICATE-----|\n\s*\n/).filter((part) => part.trim() !== "");
  if (parts.length > mostCertificates) throw new InvalidError(`At most ${mostCertificates} certificates.`);
  return [...new Set(parts.map(readCertificate))];
}

export interface SamlInput {
  settings: SamlSettings;
  justInTime: boolean;
}

/**
 * Reads the whole form; null when something is wrong with it, which the reader says. Metadata that is pasted, or whose
 * address is new, fills the three values that it holds.
 */
export async function readSamlForm(
  form: FormReader,
  needs: Needs,
  before: SamlSettings | null,
): Promise<SamlInput | null> {
  const checks = samlChecks(needs);
  const take = (name: string) => form.take(name, checks[name] as Check);
  const { url, at } = await takeMetadata(form, needs, before);
  const ssoUrl = await take("ssoUrl");
  const idpEntityId = await take("idpEntityId");
  const certificates = await take("certificates");
  const ids = {
    appInstanceId: (await take("appInstanceId")) || null,
    orgUrl: (await take("orgUrl")) || null,
  };
  if ((ids.appInstanceId === null) !== (ids.orgUrl === null) && form.isRight) {
    const missing = ids.orgUrl === null ? "orgUrl" : "appInstanceId";
    form.refuse(
      missing,
      new InvalidError("Universal Logout needs both: the app instance ID and the org URL."),
    );
  }
  const names = await readNames(take);
  const roleMapping = readRoleMapping(form);
  const switches = readSwitches(form);
  const justInTime = form.isOn("justInTime");
  if (!form.isRight || ssoUrl === null || idpEntityId === null || certificates === null) return null;
  const metadata = {
    metadataUrl: url,
    metadataRead: at === null ? (before?.metadataRead ?? null) : { at, problem: null },
  };
  const provider = { idpEntityId, ssoUrl, certificates: certificates.split("\n") };
  return { settings: { ...provider, ...metadata, ...ids, ...names, roleMapping, ...switches }, justInTime };
}

/** Fills the form's three values from metadata, when there is some that has not been read yet. */
async function takeMetadata(
  form: FormReader,
  { saml, limits }: Needs,
  before: SamlSettings | null,
): Promise<{ url: string | null; at: number | null }> {
  const [url, xml] = [form.text("metadataUrl"), form.text("metadataXml")];
  const isNew = url !== "" && (url !== before?.metadataUrl || form.text("ssoUrl") === "");
  const name = xml === "" ? "metadataUrl" : "metadataXml";
  if (xml === "" && !isNew) return { url: url || null, at: null };
  try {
    const metadata = saml.parseMetadata(xml === "" ? await guardedFetch(url, limits) : xml);
    checkSigningCertificates(metadata.certificates);
    form.replace("ssoUrl", metadata.ssoUrl);
    form.replace("idpEntityId", metadata.idpEntityId);
    form.replace("certificates", metadata.certificates.map(toPem).join("\n"));
    if (xml !== "") form.replace("metadataXml", "");
    form.notes[name] = `Read: ${metadata.idpEntityId}. Compare the values below, then save.`;
  } catch (error) {
    form.refuse(name, error);
  }
  return { url: url || null, at: xml === "" ? Date.now() : null };
}

async function readNames(
  take: (name: string) => Promise<string | null>,
): Promise<Pick<SamlSettings, "subjectAttribute" | "attributeNames">> {
  const subjectAttribute = (await take("subjectAttribute")) || null;
  const attributeNames: NonNullable<SamlSettings["attributeNames"]> = {};
  for (const { field } of nameableFields) {
    const name = await take(`name-${field}`);
    if (name) attributeNames[field] = name;
  }
  return { subjectAttribute, attributeNames };
}

function readSwitches(form: FormReader) {
  return {
    idpInitiated: form.isOn("idpInitiated"),
    signed: form.text("signed") === "response" ? ("response" as const) : ("assertion" as const),
    encryptedAssertions: form.isOn("encryptedAssertions"),
    signMetadata: form.isOn("signMetadata"),
    forceAuthn: form.isOn("forceAuthn"),
    universalLogout: form.isOn("universalLogout"),
  };
}

/** What stands in the form before anything was entered. */
export function samlValues(settings: SamlSettings | null, justInTime: boolean): Record<string, string> {
  const onOff = (value: boolean) => (value ? "on" : "");
  const names = nameableFields.map(({ field }) => [`name-${field}`, settings?.attributeNames?.[field] ?? ""]);
  return {
    metadataUrl: settings?.metadataUrl ?? "",
    metadataXml: "",
    ssoUrl: settings?.ssoUrl ?? "",
    idpEntityId: settings?.idpEntityId ?? "",
    certificates: settings?.certificates.map(toPem).join("\n") ?? "",
    appInstanceId: settings?.appInstanceId ?? "",
    orgUrl: settings?.orgUrl ?? "",
    subjectAttribute: settings?.subjectAttribute ?? "",
    ...Object.fromEntries(names),
    roleName: settings?.roleMapping?.name ?? "",
    roleValues: settings?.roleMapping?.adminValues.join("\n") ?? "",
    idpInitiated: onOff(settings?.idpInitiated ?? true),
    signed: settings?.signed ?? "assertion",
    encryptedAssertions: onOff(settings?.encryptedAssertions ?? false),
    signMetadata: onOff(settings?.signMetadata ?? false),
    forceAuthn: onOff(settings?.forceAuthn ?? false),
    universalLogout: onOff(settings?.universalLogout ?? true),
    justInTime: onOff(justInTime),
  };
}

function toPem(certificate: string): string {
  return `-----BEGIN CERTIFICATE-----\n${certificate.replace(/.{64}/g, "$&\n").trimEnd()}\n-----END CERTIFICATE-----`;
}
