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
