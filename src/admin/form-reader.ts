import type { Request } from "express";
import { checkShownName } from "../directory/names.ts";
import { InvalidError } from "../errors.ts";
import type { ConnectionSettings, OidcSettings } from "../model.ts";
import type { FetchLimits } from "../trust/guarded-fetch.ts";
import { formField } from "../web/request.ts";
import type { AdminDeps } from "./deps.ts"; // SAML
import type { SetUpContext } from "./set-up-context.ts"; // SAML

/** A field that passed its check: the value to store, and a note about it for the person who entered it. */
interface CheckedField {
  value: string;
  note: string | null;
}

/**
 * Checks the text of one field, both while a person types and when the form is submitted. Throws InvalidError with a
 * sentence.
 * @param other returns the text of another field.
 */
export type FieldCheck = (
  text: string,
  other: (name: string) => string,
) => CheckedField | Promise<CheckedField>;

/** The result of reading a connection's form. */
export interface EnteredConnection<Settings extends ConnectionSettings = ConnectionSettings> {
  settings: Settings;
  /** Null keeps the stored one, or none. */
  secret: string | null;
  justInTime: boolean;
  /** Sentences about what was left out. */
  notes: readonly string[];
}

/** The form of a connection's settings. Each sign-in protocol has one: connection-forms.ts. */
export interface ConnectionForm<Settings extends ConnectionSettings = ConnectionSettings> {
  /** How people choose the protocol: its name in Okta, and what they will copy from there. */
  choice: { name: string; hint: string };
  /** The names of the fields in the summary of what is wrong. */
  labels: Readonly<Record<string, string>>;
  /** Values that only the templates of this form need. */
  locals: Readonly<Record<string, unknown>>;
  // SAML {
  /** Values of a connection that only the templates of this form need. */
  pageValues?(
    deps: AdminDeps,
    context: Pick<SetUpContext, "store" | "connection">,
  ): Promise<Readonly<Record<string, unknown>>>;
  // SAML }
  /** The checks of the text fields. */
  checks(limits: FetchLimits): Record<string, FieldCheck>;
  /** Reads the whole form. Null if there are problems, which the form then holds. */
  read(
    form: FormReader,
    limits: FetchLimits,
    before: { settings: Settings | null; hasSecret: boolean },
  ): Promise<EnteredConnection<Settings> | null>;
  /** The values of the fields; null before anything is entered. */
  values(settings: Settings | null, justInTime: boolean): Record<string, string>;
}

/** Reads a posted form field by field, and collects all problems instead of stopping at the first. */
export class FormReader {
  /** The values to show in the form again. */
  readonly values: Record<string, string> = {};
  readonly problems: Record<string, string> = {};
  readonly notes: Record<string, string> = {};
  readonly #req: Request;
  readonly #replaced = new Map<string, string>();

  constructor(req: Request) {
    this.#req = req;
  }

  text(name: string): string {
    const value = this.#replaced.get(name) ?? formField(this.#req, name).trim();
    this.values[name] = value;
    return value;
  }

  /** Replaces the value that was entered. */
  replace(name: string, value: string): void {
    this.#replaced.set(name, value);
    this.text(name);
  }

  isOn(name: string): boolean {
    return this.text(name) === "on";
  }

  /** The checked value of a field, or null if there is a problem with it. */
  async checked(name: string, check: FieldCheck): Promise<string | null> {
    try {
      const { value, note } = await check(this.text(name), (other) => formField(this.#req, other).trim());
      if (note !== null) this.notes[name] = note;
      return value;
    } catch (error) {
      this.addProblem(name, error);
      return null;
    }
  }

  /** Keeps the message of an InvalidError as the field's problem, and rethrows any other error. */
  addProblem(name: string, error: unknown): void {
    if (!(error instanceof InvalidError)) throw error;
    this.problems[name] = error.message;
  }

  get isValid(): boolean {
    return Object.keys(this.problems).length === 0;
  }
}

/** Checks a required text: its length, its characters, and a pattern with the sentence to show if it does not match. */
export function textCheck(
  label: string,
  maxLength: number,
  { pattern, problem }: { pattern: RegExp; problem: string },
): FieldCheck {
  return (text) => {
    if (text === "") throw new InvalidError(`${label} is missing.`);
    if (text.length > maxLength) throw new InvalidError(`${label} has more than ${maxLength} characters.`);
    checkShownName(label, text);
    if (!pattern.test(text)) throw new InvalidError(problem);
    return { value: text, note: null };
  };
}

/** Skips the check if the field is empty. */
export function optional(check: FieldCheck): FieldCheck {
  return (text, other) => (text === "" ? { value: "", note: null } : check(text, other));
}

type RoleMapping = NonNullable<OidcSettings["roleMapping"]>;

const maxRoleLength = 200;
const maxRoleValues = 20;

/** The claim or attribute, and its values that make a person an administrator. Null if the fields are empty. */
export function readRoleMapping(form: FormReader): RoleMapping | null {
  const name = form.text("roleName");
  const adminValues = form
    .text("roleValues")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (name === "" && adminValues.length === 0) return null;
  try {
    if (name === "") throw new InvalidError("Name the claim or attribute that carries these values.");
    checkShownName("The name", name);
    if (name.length > maxRoleLength)
      throw new InvalidError(`The name has more than ${maxRoleLength} characters.`);
  } catch (error) {
    form.addProblem("roleName", error);
  }
  try {
    if (adminValues.length === 0) throw new InvalidError("Enter the values that make an administrator.");
    for (const value of adminValues) checkShownName("A value", value);
    if (adminValues.length > maxRoleValues || adminValues.some((value) => value.length > maxRoleLength))
      throw new InvalidError(`At most ${maxRoleValues} values, of ${maxRoleLength} characters each.`);
  } catch (error) {
    form.addProblem("roleValues", error);
  }
  return { name, adminValues };
}
