/** One field of the OIN Wizard. */
export interface WizardField {
  label: string;
  required: boolean;
  /** What is typed or chosen; several where the Wizard takes a list; null for what exists only later, or stays empty. */
  value: string | readonly string[] | null;
  /** `text` is typed as it stands, `choice` is selected. */
  kind: "text" | "choice";
  /** In characters per value; null where Okta states none. */
  limit: number | null;
  note: string;
}

export interface WizardScreen {
  title: string;
  fields: readonly WizardField[];
}

type FieldDetails = Partial<Pick<WizardField, "limit" | "note">>;

const field =
  (kind: WizardField["kind"], required: boolean) =>
  (
    label: string,
    value: WizardField["value"],
    { limit = null, note = "" }: FieldDetails = {},
  ): WizardField => ({
    label,
    required,
    value,
    kind,
    limit,
    note,
  });
export const text = field("text", true);
export const optionalText = field("text", false);
export const choice = field("choice", true);
export const optionalChoice = field("choice", false);
export const yesOrNo = (holds: boolean) => (holds ? "Yes" : "No");
export const later = (note: string) => ({ note });
