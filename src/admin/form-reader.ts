import type { Request } from "express";
import { checkShownName } from "../directory/names.ts";
import { InvalidError } from "../errors.ts";
import { formField } from "../web/forms.ts";

/** What a check of one field returns: what is kept, and what was found out that is worth showing. */
interface Checked {
  value: string;
  note: string | null;
}

/**
 * Checks the text of one field, alone while somebody types, and with the whole form when it is sent. Throws InvalidError
 * with a sentence.
 * @param other the text of another field of the form.
 */
export type Check = (text: string, other: (name: string) => string) => Checked | Promise<Checked>;

/** Reads a posted form field by field, and gathers what is wrong instead of stopping at the first. */
export class FormReader {
  /** What was entered, to be shown again. */
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

  /** From now on the field holds something else than what was entered. */
  replace(name: string, value: string): void {
    this.#replaced.set(name, value);
    this.text(name);
  }

  isOn(name: string): boolean {
    return this.text(name) === "on";
  }

  /** The checked value of a field; null when something is wrong with it. */
  async take(name: string, check: Check): Promise<string | null> {
    try {
      const { value, note } = await check(this.text(name), (other) => formField(this.#req, other).trim());
      if (note !== null) this.notes[name] = note;
      return value;
    } catch (error) {
      this.refuse(name, error);
      return null;
    }
  }

  /** Notes what is wrong with a field. Throws what is no InvalidError. */
  refuse(name: string, error: unknown): void {
    if (!(error instanceof InvalidError)) throw error;
    this.problems[name] = error.message;
  }

  get isRight(): boolean {
    return Object.keys(this.problems).length === 0;
  }
}

/** A check of text alone: trimmed, of at most `longest` characters, and matching `pattern` when there is one. */
export function textCheck(what: string, longest: number, pattern: { is: RegExp; says: string }): Check {
  return (text) => {
    if (text === "") throw new InvalidError(`${what} is missing.`);
    if (text.length > longest) throw new InvalidError(`${what} has more than ${longest} characters.`);
    checkShownName(what, text);
    if (!pattern.is.test(text)) throw new InvalidError(pattern.says);
    return { value: text, note: null };
  };
}

/** As `check`, but for a field that may stay empty. */
export function optional(check: Check): Check {
  return (text, other) => (text === "" ? { value: "", note: null } : check(text, other));
}
