/** Where values.json keeps a value. These names stay when Okta moves or renames a field: other programs read them. */
interface StoredValue {
  /** The title of the section under which the value was first published. */
  section?: string;
  label?: string;
  value?: WizardField["value"];
}

/** One field of the OIN Wizard. */
export interface WizardField {
  label: string;
  required: boolean;
  /** The value to enter; an array if the Wizard takes a list; null if it exists only later, or stays empty. */
  value: string | readonly string[] | null;
  /** `text` is typed, `choice` is selected. */
  kind: "text" | "choice";
  /** Characters per value; null if Okta states no limit. */
  limit: number | null;
  note: string;
  /** Differs from the field where Okta changed its words later; null for a part of another field's value. */
  stored: StoredValue | null;
}

/** A part of a screen under a heading of its own. */
export interface WizardSection {
  title: string;
  /** Read it before filling in the section; empty if there is nothing to know. */
  note: string;
  fields: readonly WizardField[];
}

/** A page of the Wizard. */
export interface WizardScreen {
  title: string;
  sections: readonly WizardSection[];
}

type FieldDetails = Partial<Pick<WizardField, "limit" | "note" | "stored">>;

const field =
  (kind: WizardField["kind"], required: boolean) =>
  (
    label: string,
    value: WizardField["value"],
    { limit = null, note = "", stored = {} }: FieldDetails = {},
  ): WizardField => ({ label, required, value, kind, limit, note, stored });
export const text = field("text", true);
export const optionalText = field("text", false);
export const choice = field("choice", true);
export const optionalChoice = field("choice", false);
export const yesOrNo = (holds: boolean) => (holds ? "Yes" : "No");
export const later = (note: string) => ({ note });

export const section = (title: string, fields: readonly WizardField[], note = ""): WizardSection => ({
  title,
  note,
  fields,
});
