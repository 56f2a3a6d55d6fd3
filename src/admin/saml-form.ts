import { okta } from "okta-labels/labels";
import { attributes } from "../../config/attributes.ts";
import { InvalidError } from "../errors.ts";
import type { SamlSettings } from "../model.ts";
import { checkIssuer } from "../oidc/issuer.ts";
import { aliasNeedsOrgUrl, bothForUniversalLogout, checkAppInstanceId } from "../saml/app-instance.ts";
import { parseIdpMetadata } from "../saml/idp-metadata.ts";
import { checkedUrl, type FetchLimits, guardedDocument } from "../trust/guarded-fetch.ts";
import { checkSigningCertificates, readCertificate } from "../trust/signing-certificates.ts";
import {
  type ConnectionForm,
  type EnteredConnection,
  type FieldCheck,
  type FormReader,
  optional,
  readRoleMapping,
  textCheck,
} from "./form-reader.ts";
import { samlPageValues } from "./saml-keys.ts";

/** The fields whose SAML attribute can have another name. */
const nameableFields = attributes.flatMap(({ field, label, samlAttribute }) =>
  field === null || field === "active" ? [] : [{ field, label, usual: samlAttribute ?? null }],
);

export const samlForm: ConnectionForm<SamlSettings> = {
  choice: { name: okta.signOn.saml, hint: "You copy a metadata URL, or a certificate." },
  labels: {
    metadataUrl: okta.signOn.metadataUrl,
    metadataXml: "Metadata XML",
    ssoUrl: okta.signOn.signOnUrl,
    idpEntityId: okta.signOn.issuer,
    certificates: okta.signOn.signingCertificate,
    appInstanceId: "App instance ID",
    orgUrl: "Org URL",
    orgUrlAlias: "Other name of the org",
    subjectAttribute: "Attribute that names the person",
    ...Object.fromEntries(nameableFields.map(({ field, label }) => [`name-${field}`, label])),
  },
  locals: {
    nameableFields,
    attributes: attributes.filter(({ samlAttribute }) => samlAttribute !== undefined),
    shownFields: ["idpEntityId", "ssoUrl"],
    screenText: "The app in Okta, with its metadata URL marked",
  },
  pageValues: samlPageValues,
  checks: samlChecks,
  read: (form, limits, { settings }) => readSamlForm(form, limits, settings),
  values: samlValues,
};

function samlChecks(limits: FetchLimits): Record<string, FieldCheck> {
  const oneLine = { pattern: /^\S.*$/, problem: "This contains a line break." };
  const { allowPrivateNetwork } = limits;
  const orgName: FieldCheck = (text) => ({ value: checkIssuer(text, allowPrivateNetwork), note: null });
  // Metadata of several providers is of the one whose issuer was entered.
  const chosen = (other: (name: string) => string) => ({
    allowPrivateNetwork,
    entityId: other("idpEntityId"),
  });
  const checks: Record<string, FieldCheck> = {
    metadataUrl: optional(async (text, other) => {
      const { values, notes } = parseIdpMetadata(await guardedDocument(text, limits), chosen(other));
      const found = `Found ${values.idpEntityId}, which signs in at ${values.ssoUrl}.`;
      return { value: text, note: [found, ...notes].join(" ") };
    }),
    metadataXml: optional((text, other) => {
      const { values, notes } = parseIdpMetadata(text, chosen(other));
      return { value: text, note: [`This is the metadata of ${values.idpEntityId}.`, ...notes].join(" ") };
    }),
    ssoUrl(text) {
      if (text === "") throw new InvalidError("The sign on URL is missing.");
      return { value: checkedUrl(text, limits.allowPrivateNetwork).href, note: null };
    },
    idpEntityId: textCheck("The issuer", 1024, {
      pattern: /^\S+$/,
      problem: "An issuer has no spaces in it.",
    }),
    certificates(text) {
      const certificates = readCertificates(text);
      checkSigningCertificates(certificates);
      const count = certificates.length === 1 ? "1 certificate" : `${certificates.length} certificates`;
      return { value: certificates.join("\n"), note: `${count} can be read.` };
    },
    appInstanceId: optional((text) => ({ value: checkAppInstanceId(text), note: null })),
    orgUrl: optional(orgName),
    orgUrlAlias: optional(orgName),
    subjectAttribute: optional(textCheck("The attribute's name", 200, oneLine)),
  };
  for (const { field } of nameableFields)
    checks[`name-${field}`] = optional(textCheck("The name", 200, oneLine));
  return checks;
}

/** Reads certificates that follow one another, as PEM or as base64 with an empty line in between. Throws InvalidError. */
function readCertificates(text: string): string[] {
  if (text === "") throw new InvalidError("The signing certificate is missing.");
  const parts = text.split(/-----END CERTIFICATE-----|\n\s*\n/).filter((part) => part.trim() !== "");
  return [...new Set(parts.map(readCertificate))];
}

/** Pasted metadata, or metadata from a new URL, replaces the values that it contains. */
async function readSamlForm(
  form: FormReader,
  limits: FetchLimits,
  before: SamlSettings | null,
): Promise<EnteredConnection<SamlSettings> | null> {
  const checks = samlChecks(limits);
  const checked = (name: string) => form.checked(name, checks[name] as FieldCheck);
  const filled = await fillFromMetadata(form, limits, before);
  const ssoUrl = await checked("ssoUrl");
  const idpEntityId = await checked("idpEntityId");
  const certificates = await checked("certificates");
  const appInstanceId = (await checked("appInstanceId")) || null;
  const orgUrl = (await checked("orgUrl")) || null;
  if ((appInstanceId === null) !== (orgUrl === null) && form.isValid) {
    form.addProblem(orgUrl === null ? "orgUrl" : "appInstanceId", new InvalidError(bothForUniversalLogout));
  }
  const orgUrlAlias = await checked("orgUrlAlias");
  if (orgUrlAlias && orgUrl === null && form.isValid)
    form.addProblem("orgUrlAlias", new InvalidError(aliasNeedsOrgUrl));
  const subjectAttribute = (await checked("subjectAttribute")) || null;
  const attributeNames: NonNullable<SamlSettings["attributeNames"]> = {};
  for (const { field } of nameableFields) {
    const name = await checked(`name-${field}`);
    if (name) attributeNames[field] = name;
  }
  const settings = {
    metadataUrl: form.text("metadataUrl") || null,
    metadataRead: filled.metadataRead ?? before?.metadataRead ?? null,
    appInstanceId,
    orgUrl,
    ...(orgUrlAlias ? { orgUrlAlias } : {}),
    subjectAttribute,
    attributeNames,
    roleMapping: readRoleMapping(form),
    ...readSwitches(form),
  };
  const justInTime = form.isOn("justInTime");
  if (!form.isValid || ssoUrl === null || idpEntityId === null || certificates === null) return null;
  return {
    settings: { idpEntityId, ssoUrl, certificates: certificates.split("\n"), ...settings },
    secret: null,
    justInTime,
    notes: filled.notes,
  };
}

interface FilledForm {
  metadataRead: SamlSettings["metadataRead"];
  notes: readonly string[];
}

/**
 * Fills in the values of the form from pasted metadata, or from a metadata URL that is new or whose button was pressed.
 * @returns what to store about a URL that was read, and sentences about what was left out.
 */
async function fillFromMetadata(
  form: FormReader,
  limits: FetchLimits,
  before: SamlSettings | null,
): Promise<FilledForm> {
  const url = form.text("metadataUrl");
  const xml = form.text("metadataXml");
  const isWanted =
    form.text("action") === "read" || url !== before?.metadataUrl || form.text("ssoUrl") === "";
  const isNewUrl = url !== "" && isWanted;
  if (xml === "" && !isNewUrl) return { metadataRead: null, notes: [] };
  const source = xml === "" ? "metadataUrl" : "metadataXml";
  try {
    const { values, notes } = parseIdpMetadata(xml === "" ? await guardedDocument(url, limits) : xml, {
      allowPrivateNetwork: limits.allowPrivateNetwork,
      entityId: form.text("idpEntityId"),
    });
    form.replace("ssoUrl", values.ssoUrl);
    form.replace("requestByPost", values.requestByPost ? "on" : "");
    form.replace("idpEntityId", values.idpEntityId);
    form.replace("certificates", values.certificates.map(toPem).join("\n"));
    if (xml !== "") form.replace("metadataXml", "");
    const read = `Read: ${values.idpEntityId}.`;
    form.notes[source] = [read, ...notes, "Compare the values below, then save."].join(" ");
    const metadataRead = { at: Date.now(), problem: null, ...(notes.length > 0 ? { notes } : {}) };
    return { metadataRead: xml === "" ? metadataRead : null, notes };
  } catch (error) {
    form.addProblem(source, error);
    return { metadataRead: null, notes: [] };
  }
}

function readSwitches(form: FormReader) {
  return {
    idpInitiated: form.isOn("idpInitiated"),
    signed: form.text("signed") === "response" ? ("response" as const) : ("assertion" as const),
    encryptedAssertions: form.isOn("encryptedAssertions"),
    signMetadata: form.isOn("signMetadata"),
    forceAuthn: form.isOn("forceAuthn"),
    requestByPost: form.isOn("requestByPost"),
    universalLogout: form.isOn("universalLogout"),
    crossAppAccess: form.isOn("crossAppAccess"),
  };
}

function samlValues(settings: SamlSettings | null, justInTime: boolean): Record<string, string> {
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
    orgUrlAlias: settings?.orgUrlAlias ?? "",
    subjectAttribute: settings?.subjectAttribute ?? "",
    ...Object.fromEntries(names),
    roleName: settings?.roleMapping?.name ?? "",
    roleValues: settings?.roleMapping?.adminValues.join("\n") ?? "",
    idpInitiated: onOff(settings?.idpInitiated ?? true),
    signed: settings?.signed ?? "assertion",
    encryptedAssertions: onOff(settings?.encryptedAssertions ?? false),
    signMetadata: onOff(settings?.signMetadata ?? false),
    forceAuthn: onOff(settings?.forceAuthn ?? false),
    requestByPost: onOff(settings?.requestByPost ?? false),
    universalLogout: onOff(settings?.universalLogout ?? true),
    crossAppAccess: onOff(settings?.crossAppAccess ?? true),
    justInTime: onOff(justInTime),
  };
}

function toPem(certificate: string): string {
  return `-----BEGIN CERTIFICATE-----\n${certificate.replace(/.{64}/g, "$&\n").trimEnd()}\n-----END CERTIFICATE-----`;
}
