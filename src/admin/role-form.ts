import { checkShownName } from "../directory/names.ts";
import { InvalidError } from "../errors.ts";
import type { OidcSettings } from "../model.ts";
import type { FormReader } from "./form-reader.ts";

type RoleMapping = NonNullable<OidcSettings["roleMapping"]>;

const longest = 200;
const mostValues = 20;

/** Which values of a claim or attribute make somebody an administrator; null when the form maps none. */
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
    if (name.length > longest) throw new InvalidError(`The name has more than ${longest} characters.`);
  } catch (error) {
    form.refuse("roleName", error);
  }
  try {
    if (adminValues.length === 0) throw new InvalidError("Enter the values that make an administrator.");
    for (const value of adminValues) checkShownName("A value", value);
    if (adminValues.length > mostValues || adminValues.some((value) => value.length > longest))
      throw new InvalidError(`At most ${mostValues} values, of ${longest} characters each.`);
  } catch (error) {
    form.refuse("roleValues", error);
  }
  return { name, adminValues };
}
