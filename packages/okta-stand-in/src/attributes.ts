import { okta } from "okta-labels/labels";

/** A row of "Attribute Mappings": an attribute of the application's user, and where its value comes from. */
interface MappedAttribute {
  label: string;
  /** Its name in the app's profile. */
  name: string;
  /** In Okta's expression language. */
  value: string;
}

/** The mappings of every app here: what scim-bodies.ts sends (Okta: "SCIM 2.0 protocol reference"). */
export const mappedAttributes: readonly MappedAttribute[] = [
  { label: "Username", name: "userName", value: `Configured in ${okta.tabs.signOn} settings` },
  { label: "Given name", name: "givenName", value: "user.firstName" },
  { label: "Middle name", name: "middleName", value: "user.middleName" },
  { label: "Family name", name: "familyName", value: "user.lastName" },
  { label: "Email", name: "email", value: "user.email" },
  { label: "Primary email type", name: "emailType", value: "'work'" },
  { label: "Display name", name: "displayName", value: "user.displayName" },
  { label: "Locale", name: "locale", value: "user.locale" },
];

/** The attributes of a person in the org. */
export const oktaAttributes: readonly Omit<MappedAttribute, "value">[] = [
  { label: "Username", name: "login" },
  { label: "First name", name: "firstName" },
  { label: "Middle name", name: "middleName" },
  { label: "Last name", name: "lastName" },
  { label: "Primary email", name: "email" },
];
