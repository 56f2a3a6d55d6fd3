import { attributes } from "../../config/attributes.ts";

/** The attribute statements that the guide tells an administrator to enter for a SAML app. */
export function attributeStatements(): { name: string; expression: string }[] {
  return attributes.flatMap(({ samlAttribute: name, oktaExpression: expression }) =>
    name && expression ? [{ name, expression }] : [],
  );
}
